import type { DeadHold, HoldsUnderWay } from '../admission/ledger.ts';
import { deadAfterMs, deadHoldsOf, isDead, type LedgerState } from '../admission/ledger-state.ts';
import type { DynamoDb, DynamoKey, DynamoMap } from './dynamo-client.ts';
import { ledgerStateOf } from './ledger-item.ts';
import type { LedgerItems } from './ledger-items.ts';

/**
 * How much one sweep reads at most: eight pages of a megabyte, some 1,000 read units, which once a minute cost
 * under six dollars a month. A ledger of up to 20,000 or so scopes is swept whole each time, a larger one
 * bit by bit. A dead hold in a scope in use does not wait for that: the next call it stands in the way of settles it.
 */
const mostPages = 8;

/** Remembers how far a sweep of a large table has come. */
const cursorKey: DynamoKey = { pk: 'sweeper', sk: 'cursor' };

/** Settles the dead holds of all scopes, going on where the last sweep ended. @throws StoreError */
export async function sweepLedger(
  { db, table, items }: { readonly db: DynamoDb; readonly table: string; readonly items: LedgerItems },
  nowMs: number,
  underWay?: (holds: HoldsUnderWay) => void,
): Promise<DeadHold[]> {
  const tally = new HoldTally();
  const cursor = await db.get({ table, key: cursorKey });
  let startKey = mapOrNothing(cursor?.key);
  const buried: DeadHold[] = [];
  for (let page = 0; page < mostPages; page += 1) {
    const { items: found, nextKey } = await db.scan({ table, ...(startKey && { startKey }) });
    for (const item of keysFirst(found)) {
      const { pk, sk } = item;
      if (typeof pk !== 'string' || typeof sk !== 'string') continue;
      const state = ledgerStateOf(item);
      tally.add(pk, state, nowMs);
      if (deadHoldsOf(state, nowMs).length === 0) continue;
      buried.push(...(await items.buryDead({ scopeId: pk, shard: Number(sk) }, state, nowMs)).buried);
    }
    startKey = nextKey;
    if (!startKey) break;
  }
  if (startKey) await db.put({ table, item: { ...cursorKey, key: startKey } });
  else if (cursor) await db.delete({ table, key: cursorKey });
  // A part of the ledger would look like all of it.
  if (!startKey && !cursor) underWay?.(tally.total());
  return buried;
}

/** A call whose process died is written down with the first of its scopes that is found, and its key says most of it. */
function keysFirst(items: readonly DynamoMap[]): DynamoMap[] {
  const isKey = ({ pk }: DynamoMap) => typeof pk === 'string' && pk.startsWith('key#');
  return [...items.filter(isKey), ...items.filter((item) => !isKey(item))];
}

/** Adds up what is held for calls under way: a scope's shards hold parts of an amount, several scopes the whole of it each. */
class HoldTally {
  readonly #byCall = new Map<string, Map<string, number>>();
  #nextDeadAtMs: number | undefined;

  add(scopeId: string, state: LedgerState, nowMs: number): void {
    for (const [requestId, hold] of state.holds) {
      if (isDead(hold, nowMs)) continue;
      const deadAtMs = hold.expiresAtMs + deadAfterMs;
      this.#nextDeadAtMs = Math.min(this.#nextDeadAtMs ?? deadAtMs, deadAtMs);
      const scopes = this.#byCall.get(requestId) ?? new Map<string, number>();
      this.#byCall.set(requestId, scopes.set(scopeId, (scopes.get(scopeId) ?? 0) + hold.amountNanoUsd));
    }
  }

  total(): HoldsUnderWay {
    const amounts = [...this.#byCall.values()].map((scopes) => Math.max(...scopes.values()));
    return { calls: amounts.length, amountNanoUsd: amounts.reduce((sum, amount) => sum + amount, 0), nextDeadAtMs: this.#nextDeadAtMs };
  }
}

function mapOrNothing(value: DynamoMap[string]): DynamoMap | undefined {
  return isMap(value) ? value : undefined;
}

function isMap(value: DynamoMap[string]): value is DynamoMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
