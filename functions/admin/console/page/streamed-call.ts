import { type Api, ApiError } from './api.ts';
import { eventData } from './event-stream.ts';

/** What a streamed chat completion brings, as far as the playground shows it. */
export interface CallUsage {
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
}

/** Told of a call while it runs. */
export interface CallListener {
  /** Status and headers are here. `atMs` counts from the call's start, as do all times. */
  headers(headers: Headers, atMs: number): void;
  text(text: string, atMs: number): void;
  reasoning(text: string, atMs: number): void;
  toolCall(index: number, name: string | undefined, argumentsPart: string, atMs: number): void;
  finish(reason: string): void;
  usage(usage: CallUsage, costUsd: number | undefined): void;
}

interface Chunk {
  readonly error?: { readonly message?: string; readonly code?: string };
  readonly usage?: CallUsage | null;
  readonly cost_usd?: number;
  readonly choices?: readonly {
    readonly finish_reason?: string | null;
    readonly delta?: {
      readonly content?: string | null;
      readonly reasoning_content?: string | null;
      readonly reasoning?: string | null;
      readonly tool_calls?: readonly {
        readonly index?: number;
        readonly function?: { readonly name?: string; readonly arguments?: string };
      }[];
    };
  }[];
}

/**
 * Streams one chat completion.
 * @throws ApiError for a refusal and for an error that ends a stream, or what an abort throws.
 */
export async function streamCall(api: Pick<Api, 'send'>, body: object, listener: CallListener, signal: AbortSignal): Promise<void> {
  const begun = performance.now();
  const now = (): number => performance.now() - begun;
  const request = { ...body, stream: true, stream_options: { include_usage: true } };
  const response = await api.send('POST', '/v1/chat/completions', { body: request, signal });
  listener.headers(response.headers, now());
  if (!response.body) throw new ApiError(response.status, 'unreadable', 'The answer has no body.', response.headers);
  let ended = false;
  for await (const data of eventData(response.body)) {
    if (data === '[DONE]') {
      ended = true;
      continue;
    }
    const chunk: Chunk = JSON.parse(data);
    if (chunk.error)
      throw new ApiError(
        response.status,
        chunk.error.code ?? 'provider_error',
        chunk.error.message ?? 'The stream ended with an error.',
        response.headers,
      );
    tell(chunk, listener, now());
  }
  if (!ended) throw new ApiError(response.status, 'cut', 'The stream was cut before its end.', response.headers);
}

function tell(chunk: Chunk, listener: CallListener, atMs: number): void {
  if (chunk.usage) listener.usage(chunk.usage, chunk.cost_usd);
  for (const choice of chunk.choices ?? []) {
    const { content, reasoning_content, reasoning, tool_calls } = choice.delta ?? {};
    const thought = reasoning_content ?? reasoning;
    if (thought) listener.reasoning(thought, atMs);
    if (content) listener.text(content, atMs);
    for (const call of tool_calls ?? []) listener.toolCall(call.index ?? 0, call.function?.name, call.function?.arguments ?? '', atMs);
    if (choice.finish_reason) listener.finish(choice.finish_reason);
  }
}
