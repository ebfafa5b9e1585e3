import type { Buffer } from 'node:buffer';
import type { Readable } from 'node:stream';
import type { Call } from '../calls/call.ts';
import type { JsonObject } from '../calls/json.ts';
import type { Usage } from '../calls/usage.ts';
import type { AnswerFacts, Dialect, SpendingBounds } from '../dialects/dialect.ts';
import type { TranslatedAnswer } from '../dialects/translation.ts';
import type { FrameSource } from '../streaming/frame-source.ts';
import type { ConfiguredProvider } from './configured-provider.ts';

/** How long each stage of an attempt may take, in milliseconds. */
export interface Timeouts {
  readonly connectMs: number;
  /** From the request being sent to the first byte of the answer. */
  readonly firstByteMs: number;
  /** Between two chunks of an answer. */
  readonly idleMs: number;
  /** The whole attempt. */
  readonly totalMs: number;
}

/** One try at one target. */
export interface Attempt {
  readonly call: Call;
  readonly dialect: Dialect;
  readonly provider: ConfiguredProvider;
  /** The provider's own name of the model. */
  readonly model: string;
  readonly overrides: Readonly<JsonObject>;
  readonly bounds?: SpendingBounds | undefined;
  /** A cap on output tokens set by the gateway, when the budget affords no more. */
  readonly maxOutputTokens: number | undefined;
  readonly timeouts: Timeouts;
  /** Fires when the caller left or the deadline passed. */
  readonly signal: AbortSignal;
  /** Headers that travel to the provider: `traceparent`, `idempotency-key`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Leads from the path of the provider's endpoint to what it offers beside the call itself, such as a count of tokens. */
  readonly pathOf?: (path: string) => string;
}

interface AnswerBase {
  readonly status: number;
  /** The provider's headers that are meant for the caller, such as its own request id. Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** The service tier that the provider's headers say it billed, see `Dialect.tierHeader`. */
  readonly serviceTier?: string | undefined;
}

/** A whole answer in the caller's dialect. */
export interface JsonAnswer extends AnswerBase {
  readonly kind: 'json';
  readonly body: Buffer;
  readonly json: JsonObject;
  /** Set by a translation, which knows more than the dialect can say. */
  readonly usage?: Usage;
  /** What the answer was before the dialect told it, where it was translated. */
  readonly translated?: TranslatedAnswer;
}

/** A stream of events in the caller's dialect. */
export interface StreamAnswer extends AnswerBase {
  readonly kind: 'stream';
  readonly source: FrameSource;
  /** Usage known beside the stream; filled by a translation, at the latest when the stream ends. */
  readonly usage?: () => Usage | undefined;
  /** See {@link JsonAnswer.translated}; known once the stream has ended. */
  readonly translated?: () => TranslatedAnswer | undefined;
}

/** Bytes that only pass through: sound, images, files. */
export interface BinaryAnswer extends AnswerBase {
  readonly kind: 'binary';
  readonly source: Readable;
  /** Where the bytes are JSON with media inside: what it said of itself, once it is over. See `PassingJson`. */
  readonly outline?: () => JsonObject | undefined;
}

export type Answer = JsonAnswer | StreamAnswer | BinaryAnswer;

/** What a whole answer says of itself, and its headers where it keeps silent. */
export function factsOf(dialect: Pick<Dialect, 'readAnswer'>, { json, serviceTier }: JsonAnswer): AnswerFacts {
  const facts = dialect.readAnswer(json);
  return { ...facts, serviceTier: facts.serviceTier ?? serviceTier };
}

/** A way to carry a call to a provider. */
export interface Transport {
  /**
   * Sends the call and resolves once the provider began to answer (a stream) or has answered (a body).
   * @throws UpstreamFailure in every other case.
   */
  send(attempt: Attempt): Promise<Answer>;
}
