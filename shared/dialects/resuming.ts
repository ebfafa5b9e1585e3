import type { Call } from '../calls/call.ts';
import type { JsonObject } from '../calls/json.ts';
import type { Usage } from '../calls/usage.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';

/**
 * How a provider is asked to carry on with an answer that has begun, beside the begun answer as the last message:
 * - `assistant_message`: by that alone.
 * - `prefix`: by `prefix: true` in it (https://docs.mistral.ai/api, https://api-docs.deepseek.com/guides/chat_prefix_completion).
 * - `partial`: by `partial: true` in it (https://platform.kimi.ai/docs/guide/use-partial-mode-feature-of-kimi-api,
 *   https://www.alibabacloud.com/help/en/model-studio/partial-mode).
 * - `continue_final_message`: by the request's fields of vLLM (https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html).
 */
export type ContinuationStyle = 'assistant_message' | 'prefix' | 'partial' | 'continue_final_message';

/** What has gone out of a streamed answer, taken down so that another provider can carry on with it. */
export interface AnswerSoFar {
  /** Takes an event down. */
  add(frame: SseFrame): void;
  /** The answer so far; undefined while there is none, or where something other than plain text has begun. */
  readonly text: string | undefined;
  /**
   * An event of the stream that carries on, as an event of the first one: under its id, and with usage counted on from
   * what was used before. Undefined where nothing of it is left to tell.
   */
  join(frame: SseFrame, before: Usage): SseFrame | undefined;
}

/** How answers in a dialect are carried on by another provider after theirs broke off. */
export interface Resuming {
  /** Undefined where the answer to such a call cannot be carried on, whatever it says. */
  begin(call: Call): AnswerSoFar | undefined;
  /** The fields of the request body that ask for the rest of an answer, in place of the caller's. */
  continuation(call: Call, text: string, style: ContinuationStyle): JsonObject;
}
