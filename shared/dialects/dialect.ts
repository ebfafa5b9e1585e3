import type { Buffer } from 'node:buffer';
import type { Call, DialectName, FinishReason } from '../calls/call.ts';
import type { JsonObject } from '../calls/json.ts';
import type { MultipartForm } from '../calls/multipart-form.ts';
import type { Usage } from '../calls/usage.ts';
import type { GatewayError } from '../errors/gateway-error.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import type { PromptCacheTtl } from './messages-prompt-cache.ts';
import type { Recording } from './recording.ts';
import type { Resuming } from './resuming.ts';
import type { Translation } from './translation.ts';

/** A request as it reaches a dialect: JSON already parsed, its size known. */
export interface DialectRequest {
  readonly body: JsonObject;
  /** Size of the body on the wire in bytes: the ground of the input token bound. */
  readonly bodyBytes: number;
  /** Lower-case header names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** What the path itself says, such as Gemini's `models/{model}:streamGenerateContent`. */
  readonly path: { readonly model?: string; readonly action?: string };
  /** The form that the request is, for a dialect that takes one; `body` then holds its text fields. */
  readonly form?: MultipartForm;
}

/** What is sent along with a call under a budget, because money is held for no more than this. */
export interface SpendingBounds {
  /** The service tier to ask for where the call names none, or leaves it to the account. */
  readonly serviceTier?: string;
  /** How often the provider may use each tool of its own, where the call sets no bound. */
  readonly toolUses?: number;
  /** Whether no other model may answer than the one that was priced. */
  readonly ownModel?: true;
}

/** What a native provider must be told in its own way. */
export interface NativeTarget {
  /** The provider's own name of the model. */
  readonly model: string;
  /** Whether usage in a stream has to be asked for by `stream_options.include_usage`. */
  readonly asksForStreamUsage: boolean;
  /** The field that carries the output cap where the gateway sets or lowers it. */
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens';
  /** A cap on output tokens that the gateway sets, when the budget affords no more. */
  readonly maxOutputTokens: number | undefined;
  /** Whether to ask the provider for a stream; differs from the call where the gateway streams on its own account. */
  readonly stream: boolean;
  /** Fields of the target's configuration that replace the caller's. */
  readonly overrides: Readonly<JsonObject>;
  readonly bounds?: SpendingBounds | undefined;
  /** For how long the prompt is to be marked for the provider's cache, by dialects that have marks. */
  readonly keepsPrompt?: PromptCacheTtl | undefined;
  /** Whether the provider takes as a user's id only letters, digits and few signs. */
  readonly plainUserIds?: boolean | undefined;
}

/** What the gateway keeps of an answer, whole or streamed. */
export interface AnswerFacts {
  /** Undefined when the provider did not say. */
  usage: Usage | undefined;
  finishReason: FinishReason | undefined;
  /** The provider's own id of the answer. */
  id: string | undefined;
  /** The model the provider says it used. */
  model: string | undefined;
  /** UTF-8 bytes of everything the model made: an upper bound of its output tokens when usage is missing. */
  outputBytes: number;
  /** Names of the tools the model called, in order. */
  toolNames: string[];
  /** The service tier the provider says it billed. */
  serviceTier: string | undefined;
  /** The output in `usage` is an upper bound: the provider has counted the input alone so far. */
  outputBounded?: boolean;
}

/** An error that a provider told in its own words, in a body or inside a stream. */
export interface ProviderFault {
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly type: string | undefined;
  readonly message: string;
  /** The field of the request that is at fault, in the words of the dialect. */
  readonly param?: string;
  /** The code by which the dialect's official clients tell the cause, where it has a place of its own beside `code`. */
  readonly causeCode?: string | undefined;
  /** How long the provider asks to wait, where it says so in the body. */
  readonly retryAfterMs?: number;
}

/** How the events of a stream leave for the caller, where it is not as server-sent events. */
export interface StreamFraming {
  readonly contentType: string;
  /** The bytes for one event; undefined for one that carries no data. `index` counts those before it that did. */
  event(frame: SseFrame, index: number): Buffer | undefined;
  /** What stands after the last of so many events. */
  end(events: number): Buffer;
}

/** What a dialect remembers while it reads a stream. Made by `startStream`, changed by `readFrame` alone. */
export interface StreamState extends AnswerFacts {
  /** Whether the end that the dialect prescribes has been seen. */
  ended: boolean;
  /** Whether anything the model made has been seen. */
  hasContent: boolean;
  readonly streamUsage: boolean;
}

/** What one event of a stream is, to the gateway. */
export interface FrameReading {
  /** The event carries something the model made: text, reasoning, a tool call. */
  readonly content: boolean;
  /** The event was asked for by the gateway, not by the caller, and stays here. */
  readonly withhold: boolean;
  /** The event carries the final usage, so the cost belongs beside it. */
  readonly finalUsage: boolean;
  /** The provider reports a failure inside the stream. */
  readonly fault: ProviderFault | undefined;
}

/**
 * A wire format that clients speak: how a request is read, how answers are understood, how errors look.
 *
 * Reading a stream is a step function over an explicit state: no I/O, no clock, so that any split of the
 * same bytes gives the same reading. A dialect knows no provider.
 */
export interface Dialect<State extends StreamState = StreamState> {
  readonly name: DialectName;
  /**
   * Validates a request.
   * @throws GatewayError `invalid_request` naming the field and what it should be.
   */
  parse(request: DialectRequest): Call;
  /** The body for a provider that speaks this dialect itself: the caller's own, with only the documented fields changed. */
  nativeBody(call: Call, target: NativeTarget): JsonObject;
  /** Understands a whole answer of a native provider. */
  readAnswer(body: JsonObject): AnswerFacts;
  /** The header in which a native provider says the service tier it billed, where the body may keep silent on it. Lower case. */
  readonly tierHeader?: string;
  /** The fault in a body that was sent with an error status, or with 200 by a provider that lies. */
  readFault(body: JsonObject): ProviderFault | undefined;
  startStream(call: Call): State;
  /**
   * Reads one event.
   * @throws SyntaxError when the data is not what the dialect allows.
   */
  readFrame(state: State, frame: SseFrame): FrameReading;
  /** Whether the stream may end here: its own end mark was seen, or all choices finished. */
  isComplete(state: State): boolean;
  /** Events that a provider left out at the end of a complete stream, such as `[DONE]`. */
  closing(state: State): SseFrame[];
  /** Ends a running stream on the gateway's account as if the output cap was reached. */
  truncate(state: State, usage: Usage, costUsd: string | undefined): SseFrame[];
  /** The body of an answer or of the event with the final usage, with `cost_usd` (a decimal literal) beside the usage. */
  withCost(json: string, costUsd: string): string;
  /** The header in which the dialect's official clients look for the id of a request that failed. Lower case. */
  readonly requestIdHeader?: string;
  /** @param requestId the gateway's id of the request, where the dialect has a place for it. */
  errorBody(error: GatewayError, requestId?: string): JsonObject;
  /** The last events of a stream that failed after its status went out, with what was read of it, if anything was. */
  errorFrames(error: GatewayError, state?: State): SseFrame[];
  /** Whether comments may be sent through silence; some clients of some dialects choke on them. */
  readonly allowsComments: boolean;
  /** How a call's stream is framed; server-sent events where it is left out. */
  framing?(call: Call): StreamFraming | undefined;
  /** Requests are forms (`multipart/form-data`) and not JSON. */
  readonly takesForm?: true;
  /** The form for a provider that speaks this dialect itself: the caller's own parts, with only the documented fields changed. */
  nativeForm?(call: Call, target: NativeTarget): MultipartForm | undefined;
  /**
   * Answers may be no JSON but sound or plain text, which only passes through. What such an answer has used is bounded
   * from the call and its size; undefined where only the call's own bounds are known.
   */
  usageOfBytes?(call: Call, bytes: number): Usage | undefined;
  /** Answers are JSON with media inside. Large ones are handed on as they come, read by their outline alone. */
  readonly carriesMedia?: true;
  /** How a prompt's tokens are counted in place of an answer: where a native provider is asked, and what a count looks like. */
  readonly counting?: {
    /** The path of the count for the path of a call. */
    pathOf(path: string): string;
    answerOf(inputTokens: number): JsonObject;
  };
  /** No field of a request bounds what is made, so that a call is let in whole or not at all. */
  readonly fixedOutput?: true;
  /** Carries answers between streams and bodies. Without it a streamed answer is neither kept nor served from what is kept. */
  readonly recording?: Recording;
  /** Carries a broken stream on at another provider. Without it a failure past the first content ends the answer. */
  readonly resuming?: Resuming;
  /** Carries calls to providers that do not speak the dialect; loaded by the first that needs it. Without it the dialect reaches only those that do. */
  readonly translation?: () => Promise<Translation>;
}
