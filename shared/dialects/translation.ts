import type { LanguageModelV4CallOptions, LanguageModelV4GenerateResult, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import type { Call } from '../calls/call.ts';
import type { JsonObject } from '../calls/json.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';

/** A call in the words of the AI SDK's provider interface. */
export interface TranslatedCall {
  readonly options: LanguageModelV4CallOptions;
  /** Names of the caller's fields that have no place there; told in `x-sluice-dropped`, or refused where the call is strict. */
  readonly dropped: readonly string[];
  /**
   * The caller's fields that stand in `providerOptions` alone, with the keys they stand under: where the provider's
   * package reads none of these, the field is as good as dropped.
   */
  readonly optional?: readonly OptionalField[];
}

/** See {@link TranslatedCall.optional}. */
export interface OptionalField {
  readonly field: string;
  /** Keys of `providerOptions`, such as `anthropic`, `amazonBedrock`, `google`, `openai`. */
  readonly keys: readonly string[];
}

/** What a translated answer is headed with. */
export interface TranslatedHead {
  /** Unique; letters and digits alone. Each dialect puts its own prefix before it (`chatcmpl-`, `msg_`, …). */
  readonly id: string;
  readonly createdAtMs: number;
  /** The model as the caller named it. */
  readonly model: string;
}

/** What a model answered, before any dialect told it. */
export interface TranslatedAnswer {
  readonly head: TranslatedHead;
  readonly result: LanguageModelV4GenerateResult;
}

/**
 * The facet of a dialect that carries calls to providers who do not speak it, by way of the AI SDK's
 * `LanguageModelV4` (https://ai-sdk.dev/docs): one mapping each way for a dialect, whatever the provider. Events come out in the
 * exact order and framing of the dialect's own API, so that what reads a native stream reads them too.
 */
export interface Translation<State = unknown> {
  /** The dialect's words for fields that get lost further on and are told there in Chat Completions' words, where they differ. */
  readonly fieldNames?: Readonly<Record<string, string>>;
  /** @throws GatewayError `unsupported_parameter` for what must not be dropped silently, such as `previous_response_id`. */
  toOptions(call: Call): TranslatedCall;
  fromResult(call: Call, result: LanguageModelV4GenerateResult, head: TranslatedHead): JsonObject;
  startParts(call: Call, head: TranslatedHead): State;
  /**
   * The events for one part, often none. Nothing comes out before the model made something, so that an error before that
   * can still be told by a status. The part `finish` brings the dialect's whole ending, usage included; errors are not
   * rendered here.
   */
  partFrames(state: State, part: LanguageModelV4StreamPart): SseFrame[];
}
