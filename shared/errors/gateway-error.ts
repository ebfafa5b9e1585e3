import { type ErrorCode, errorCodes } from './codes.ts';

/** What a `GatewayError` carries beside its code and message. */
export interface GatewayErrorOptions {
  /** The request field that is wrong, as a path like `messages.0.content`. */
  readonly param?: string;
  /** How long to wait before the same request may succeed, in milliseconds. */
  readonly retryAfterMs?: number;
  /** Overrides the status of the code's row: a provider's own 4xx is handed on as it came. */
  readonly status?: number;
  /** Overrides the code's row where it is known that the same request will fail again, or will not. */
  readonly retryable?: boolean;
  /** Facts for machines, shown beside the message. Never a secret, never a prompt. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** Response headers that go with this error, such as `x-ratelimit-remaining-requests`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What was thrown below; for the log of the operator only, never shown to the caller. */
  readonly cause?: unknown;
}

/**
 * The one error of the gateway. Its message is written for the caller: what is wrong and what to
 * change. Only the error middleware (or, after the headers went out, the stream) turns it into bytes.
 */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly param: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** Whether the same request may succeed later without being changed. */
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = options.status ?? errorCodes[code].status;
    this.param = options.param;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details;
    this.headers = options.headers;
    this.retryable = options.retryable ?? errorCodes[code].retry;
  }
}

/** Makes a `GatewayError` of anything thrown; what is not ours becomes `internal_error` with the original as its cause. */
export function toGatewayError(thrown: unknown): GatewayError {
  if (thrown instanceof GatewayError) return thrown;
  return new GatewayError('internal_error', 'The gateway failed to handle this request. It has been logged under the request id.', {
    cause: thrown,
  });
}
