/**
 * How an attempt at a provider failed, as the network and the provider told it. Routing decides from this whether
 * to try again, to go elsewhere or to give up; it never holds a request's content or a credential.
 */
export type UpstreamFailureKind =
  /** The address cannot be looked up, refused, or is forbidden. */
  | 'unreachable'
  | 'connect_timeout'
  | 'first_byte_timeout'
  | 'idle_timeout'
  | 'total_timeout'
  /** The connection broke before the answer was whole. */
  | 'cut'
  /** The provider answered with an error status. */
  | 'status'
  /** The provider reported an error inside an answer that began as a success. */
  | 'fault'
  /** The answer is not what the dialect allows. */
  | 'malformed'
  /** The caller left. */
  | 'aborted'
  /** The gateway has no key for the provider, or it cannot be read. */
  | 'credentials';

export interface UpstreamFailureFacts {
  /** Status of the provider's answer, where there was one. */
  readonly status?: number;
  /** The provider's own error code and type. */
  readonly providerCode?: string;
  readonly providerType?: string;
  /** The provider's code for the cause, in the place where the official clients of its dialect look for one. */
  readonly causeCode?: string;
  /** The provider's own message, for the caller; shortened, never from a 401 or 403 (it may repeat a key). */
  readonly providerMessage?: string;
  /** The field of the caller's request that the provider names, where it was asked in the caller's dialect. */
  readonly param?: string;
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** See {@link UpstreamFailureKind}. The message is for the log of the operator. */
export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure';
  readonly kind: UpstreamFailureKind;
  readonly facts: UpstreamFailureFacts;

  constructor(kind: UpstreamFailureKind, message: string, facts: UpstreamFailureFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.kind = kind;
    this.facts = facts;
  }
}
