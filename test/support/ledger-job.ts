import { createHash } from 'node:crypto';
import type { Limits } from '../../shared/admission/limits.ts';

/** What one process is told to do. */
export interface LedgerJob {
  readonly endpoint: string;
  readonly worker: number;
  readonly scopes: readonly { readonly id: string; readonly limits: Limits }[];
  readonly calls: number;
  readonly concurrency: number;
  readonly amountNanoUsd: number;
  readonly tokens: number;
  /** A fixed time for all calls, else the clock's, off by `skewMs`. */
  readonly nowMs?: number;
  readonly skewMs?: number;
  /** Settle what was admitted (after a pause of up to so long), or leave it held. */
  readonly settle: boolean;
  readonly pauseMs?: number;
  /** Settle all that was held, or less of it. */
  readonly spendAll?: boolean;
  /** Over the AWS SDK with its own retries instead of the signed client. */
  readonly sdk?: boolean;
}

/** What a process reports: each admission before anything else is done with it, each settlement after it. */
export type LedgerReport =
  | { readonly kind: 'admitted'; readonly requestId: string }
  | { readonly kind: 'settled'; readonly requestId: string; readonly actualNanoUsd: number }
  | { readonly kind: 'refused'; readonly limit: string; readonly reason: string }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'done' };

/** What a call turns out to have cost: anything up to the amount, and always the same for the same call. */
export function actualOf(requestId: string, amountNanoUsd: number): number {
  return createHash('sha256').update(requestId).digest().readUInt32BE(0) % (amountNanoUsd + 1);
}
