import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import type { Usage } from '../calls/usage.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';

/**
 * How a provider is asked to carry on with an answer that has begun, beside the begun answer as the last message:
 * - `assistant_message`: by that alone.
 * - `prefill`: by that alone, where it may not end in white space
 *   (https://platform.claude.com/docs/en/build-with-claude/prompt-engineering/prefill-claudes-response).
 * - `prefix`: by `prefix: true` in it (https://docs.mistral.ai/api, https://api-docs.deepseek.com/guides/chat_prefix_completion).
 * - `partial`: by `partial: true` in it (https://platform.kimi.ai/docs/guide/use-partial-mode-feature-of-kimi-api,
 *   https://www.alibabacloud.com/help/en/model-studio/partial-mode).
 * - `continue_final_message`: by the request's fields of vLLM (https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html).
 */
export const continuationStyles = ['assistant_message', 'prefill', 'prefix', 'partial', 'continue_final_message'] as const;
export type ContinuationStyle = (typeof continuationStyles)[number];

/** What has gone out of a streamed answer, taken down so that another provider can carry on with it. */
export interface AnswerSoFar {
  /** Takes an event down. */
  add(frame: SseFrame): void;
  /** The answer so far; undefined while there is none, or where something other than plain text has begun. */
  readonly text: string | undefined;
  /** Begins the rest, asked for in a style. @param before what the first part used. */
  carriedOn(style: ContinuationStyle, before: Usage): Rest;
}

/** The stream that carries an answer on. */
export interface Rest {
  /** Its next event as events of the first stream: under that one's id, with usage counted on. None where nothing is left to tell. */
  join(frame: SseFrame): readonly SseFrame[];
}

/** How answers in a dialect are carried on by another provider after theirs broke off. */
export interface Resuming {
  /** The field of a request that says what is to be carried on. */
  readonly field: string;
  /** The styles that requests have words for; `any` where every provider that speaks the dialect carries texts on. */
  readonly styles: readonly ContinuationStyle[] | 'any';
  /** Undefined where the answer to such a call cannot be carried on, whatever it says. */
  begin(call: Call): AnswerSoFar | undefined;
  /** The fields of the request body that ask for the rest of an answer, in place of the caller's. */
  continuation(call: Call, text: string, style: ContinuationStyle): JsonObject;
}

/** The JSON of an event; undefined for one that holds no object, such as the end of a stream. @throws SyntaxError for what is no JSON. */
export function eventOf({ data }: SseFrame): JsonObject | undefined {
  if (data === undefined || data === '' || data.trim() === '[DONE]') return undefined;
  const event: JsonValue = JSON.parse(data);
  return isJsonObject(event) ? event : undefined;
}

/** Takes down what every event of a stream says alike: of each field the first that says something. */
export function noteHead(head: JsonObject, event: JsonObject, fields: readonly string[]): void {
  for (const field of fields) {
    const value = event[field];
    if (value != null && value !== '') head[field] ??= value;
  }
}

/** A text as the beginning that a provider is given. */
export function asBeginning(text: string, style: ContinuationStyle): string {
  return style === 'prefill' ? text.trimEnd() : text;
}

/** A text that something was said in; undefined for blank ones, which nobody can carry on with. */
export function saidText(text: string): string | undefined {
  return text.trim() === '' ? undefined : text;
}

/** Takes the white space that a beginning was sent without out of the rest, where the model writes it once more. */
export class RepeatedSpace {
  #left: string;

  constructor(text: string, style: ContinuationStyle) {
    this.#left = text.slice(asBeginning(text, style).length);
  }

  strip(text: string): string {
    let from = 0;
    while (from < text.length && from < this.#left.length && text[from] === this.#left[from]) from += 1;
    this.#left = from < text.length ? '' : this.#left.slice(from);
    return text.slice(from);
  }
}
