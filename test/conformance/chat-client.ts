import OpenAI from 'openai';
import { draft, finished, type Reading } from './reading.ts';

/** What every dialect's official client is asked to do. */
export interface ConformanceClient {
  readonly dialect: string;
  ask(
    gateway: { readonly url: string; readonly key: string },
    model: string,
    stream: boolean,
    tools: readonly RecordedTool[],
  ): Promise<Reading>;
}

/** A tool of the request that led to a recording. */
export interface RecordedTool {
  readonly name: string;
  /** Whether it takes plain text instead of JSON. */
  readonly custom: boolean;
}

/** Fields that are not OpenAI's, as the gateway adds them for models that reason aloud. */
interface Reasoning {
  reasoning_content?: string;
}

export const chatClient: ConformanceClient = {
  dialect: 'chat-completions',
  async ask(gateway, model, stream, tools) {
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 });
    const request: OpenAI.Chat.ChatCompletionCreateParamsNonStreaming = {
      model,
      messages: [{ role: 'user', content: 'Go on.' }],
      ...(tools.length > 0 && { tools: tools.map(declared) }),
    };
    return stream
      ? await readStream(await client.chat.completions.create({ ...request, stream: true, stream_options: { include_usage: true } }))
      : readWhole(await client.chat.completions.create(request));
  },
};

function declared({ name, custom }: RecordedTool): OpenAI.Chat.ChatCompletionTool {
  return custom
    ? { type: 'custom', custom: { name } }
    : { type: 'function', function: { name, parameters: { type: 'object', properties: {} } } };
}

function readWhole(answer: OpenAI.Chat.ChatCompletion): Reading {
  const all = draft();
  const choice = answer.choices[0];
  const message: (OpenAI.Chat.ChatCompletionMessage & Reasoning) | undefined = choice?.message;
  all.text = message?.content ?? '';
  all.reasoning = message?.reasoning_content ?? '';
  for (const call of message?.tool_calls ?? []) {
    if (call.type === 'custom') all.calls.push({ id: call.id, name: call.custom.name, json: call.custom.input, custom: true });
    else all.calls.push({ id: call.id, name: call.function.name, json: call.function.arguments });
  }
  all.finish = finishOf(choice?.finish_reason);
  readUsage(all, answer.usage);
  return finished(all);
}

async function readStream(stream: AsyncIterable<OpenAI.Chat.ChatCompletionChunk>): Promise<Reading> {
  const all = draft();
  for await (const chunk of stream) {
    const choice = chunk.choices[0];
    const delta: (OpenAI.Chat.ChatCompletionChunk.Choice.Delta & Reasoning) | undefined = choice?.delta;
    all.text += delta?.content ?? '';
    all.reasoning += delta?.reasoning_content ?? '';
    for (const call of delta?.tool_calls ?? []) addCall(all, call);
    all.finish = finishOf(choice?.finish_reason) ?? all.finish;
    readUsage(all, chunk.usage ?? undefined);
  }
  return finished(all);
}

/** A custom tool call is not in the client's types of a stream, but comes in the same places. */
interface CallPiece {
  index: number;
  id?: string;
  function?: { name?: string; arguments?: string };
  custom?: { name?: string; input?: string };
}

function addCall(all: ReturnType<typeof draft>, piece: CallPiece): void {
  const named = piece.function?.name ?? piece.custom?.name;
  if (named !== undefined) all.calls[piece.index] = { id: piece.id, name: named, json: '', custom: piece.custom !== undefined };
  const call = all.calls[piece.index];
  if (call === undefined) throw new Error('a piece of a tool call came before its start');
  call.json += piece.function?.arguments ?? piece.custom?.input ?? '';
}

function finishOf(reason: string | null | undefined): Reading['finish'] {
  return reason === 'stop' || reason === 'length' || reason === 'tool_calls' || reason === 'content_filter' ? reason : undefined;
}

function readUsage(all: ReturnType<typeof draft>, usage: OpenAI.CompletionUsage | undefined): void {
  if (usage === undefined) return;
  all.input = usage.prompt_tokens;
  all.output = usage.completion_tokens;
  all.cached = usage.prompt_tokens_details?.cached_tokens ?? 0;
  all.thought = usage.completion_tokens_details?.reasoning_tokens ?? 0;
}
