import OpenAI from 'openai';
import { LooseJson } from './loose-json.ts';
import { type Draft, draft, finished, type Reading } from './reading.ts';

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

/** Fields that are not OpenAI's: as the gateway adds them for models that reason aloud, and as others name them. */
interface Reasoning {
  reasoning_content?: string | null;
  reasoning?: string;
}

/** What is said and thought in a message or a delta. Mistral tells both in parts. */
function addWords(all: Draft, message: OpenAI.Chat.ChatCompletionMessage | OpenAI.Chat.ChatCompletionChunk.Choice.Delta | undefined): void {
  const { content, refusal, reasoning_content, reasoning }: Reasoning & { content?: unknown; refusal?: string | null } = message ?? {};
  all.text += (typeof content === 'string' ? content : '') + (refusal ?? '');
  if (refusal != null && refusal !== '') all.refused = true;
  for (const part of new LooseJson(content).items) {
    all.text += part.at('text').text;
    for (const thought of part.at('thinking').items) all.reasoning += thought.at('text').text;
  }
  all.reasoning += reasoning_content || reasoning || '';
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
  const message = choice?.message;
  addWords(all, message);
  for (const call of message?.tool_calls ?? []) {
    if (call.type === 'custom') all.calls.push({ id: call.id, name: call.custom.name, json: call.custom.input, custom: true });
    else all.calls.push({ id: call.id, name: call.function.name, json: call.function.arguments });
  }
  all.finish = finishOf(choice?.finish_reason);
  if (all.refused && all.finish === 'stop') all.finish = 'content_filter';
  readUsage(all, new LooseJson(answer).at('usage'));
  return finished(all);
}

async function readStream(stream: AsyncIterable<OpenAI.Chat.ChatCompletionChunk>): Promise<Reading> {
  const all = draft();
  for await (const chunk of stream) {
    const choice = chunk.choices.find(({ index }) => index === 0);
    const delta = choice?.delta;
    addWords(all, delta);
    for (const call of delta?.tool_calls ?? []) addCall(all, call);
    all.finish = finishOf(choice?.finish_reason) ?? all.finish;
    if (all.refused && all.finish === 'stop') all.finish = 'content_filter';
    readUsage(all, new LooseJson(chunk).at('usage'));
    readUsage(all, new LooseJson(chunk).at('x_groq', 'usage'));
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

function addCall(all: Draft, piece: CallPiece): void {
  const named = piece.function?.name ?? piece.custom?.name;
  if (named !== undefined) all.calls[piece.index] = { id: piece.id, name: named, json: '', custom: piece.custom !== undefined };
  const call = all.calls[piece.index];
  if (call === undefined) throw new Error('a piece of a tool call came before its start');
  call.json += piece.function?.arguments ?? piece.custom?.input ?? '';
}

function finishOf(reason: string | null | undefined): Reading['finish'] {
  if (reason === 'model_length') return 'length';
  return reason === 'stop' || reason === 'length' || reason === 'tool_calls' || reason === 'content_filter' ? reason : undefined;
}

/** Providers that speak the dialect count in their own fields, which pass through. */
function readUsage(all: Draft, usage: LooseJson): void {
  if (!usage.exists) return;
  all.input = usage.at('prompt_tokens').count;
  all.output = Math.max(usage.at('completion_tokens').count, usage.at('total_tokens').count - all.input);
  const cached = [usage.at('prompt_tokens_details', 'cached_tokens'), usage.at('prompt_cache_hit_tokens'), usage.at('cached_tokens')];
  all.cached = cached.find(({ exists }) => exists)?.count ?? 0;
  all.thought = usage.at('completion_tokens_details', 'reasoning_tokens').count;
}
