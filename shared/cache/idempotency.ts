import type { ErrorCode } from '../errors/codes.ts';
import type { CachedAnswer } from './cached-answer.ts';
import type { LeaseStore } from './single-flight.ts';

/** For so long a call can be repeated under its key, in milliseconds. */
export const idempotencyMs = 24 * 60 * 60 * 1000;

/** How a call ended that failed after the provider had begun to answer. */
export interface KeptFailure {
  readonly code: ErrorCode;
  readonly status: number;
  readonly message: string;
}

/**
 * What an idempotency key stands for:
 * - `first`: nothing yet; the call is under way from now on.
 * - `in-progress`: the same call is under way.
 * - `conflict`: another call.
 * - `answered`, `failed`: the same call, and how it ended.
 */
export type IdempotencyClaim =
  | { readonly kind: 'first' | 'in-progress' | 'conflict' }
  | { readonly kind: 'answered'; readonly answer: CachedAnswer }
  | { readonly kind: 'failed'; readonly failure: KeptFailure };

/** Keeps which calls were made under which keys. Every method throws when the store fails. */
export interface IdempotencyStore extends LeaseStore {
  /**
   * Looks at a key and, if it is free, takes it, in one step.
   * @param owner unique for ever.
   * @param digest of the whole request.
   */
  claim(
    id: string,
    owner: string,
    digest: string,
    ask: { readonly nowMs: number; readonly leaseUntilMs: number },
  ): Promise<IdempotencyClaim>;
  /** Notes that the call failed in a way that must not be repeated. */
  fail(id: string, owner: string, failure: KeptFailure): Promise<void>;
}
