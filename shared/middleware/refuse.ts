import type { Refused } from '../admission/ledger.ts';
import { refusalError } from '../admission/refusal.ts';
import type { Exchange } from './exchange.ts';

/** Ends a call that the ledger did not let in, and keeps what refused it for the record and the alerts. */
export function refuse(exchange: Exchange, refused: Refused, nowMs: number): never {
  exchange.refused = refused;
  throw refusalError(refused, nowMs);
}
