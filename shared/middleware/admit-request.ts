import type { Ledger } from '../admission/ledger.ts';
import { limitHeaders } from '../admission/limit-headers.ts';
import type { Scope } from '../admission/scopes.ts';
import { settlingMs } from '../admission/settling.ts';
import type { Exchange } from './exchange.ts';
import { refuse } from './refuse.ts';

/**
 * Lets in a request that no quote is made for: it counts as a request on all scopes, with what is known of its tokens and
 * cost.
 * @throws GatewayError the refusal of the ledger.
 */
export async function admitRequest(
  exchange: Exchange,
  scopes: readonly Scope[],
  known: { readonly amountNanoUsd: number; readonly tokens: number; readonly unpriced?: boolean },
  { ledger, nowMs }: { readonly ledger: Pick<Ledger, 'admit'>; readonly nowMs: number },
): Promise<void> {
  const { requestId, deadlineAtMs } = exchange;
  const answer = await ledger.admit({ requestId, scopes, ...known, nowMs, expiresAtMs: deadlineAtMs + settlingMs });
  if (answer.outcome === 'refused') refuse(exchange, answer, nowMs);
  exchange.admitted = answer;
  Object.assign(exchange.responseHeaders, limitHeaders(answer.standings, nowMs));
}
