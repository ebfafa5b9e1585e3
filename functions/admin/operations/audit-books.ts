import * as z from 'zod';
import { allScopesOf } from '../../../shared/admission/scopes.ts';
import type { ControlStore } from '../../../shared/control/control-store.ts';
import { groupKinds } from '../../../shared/control/group-record.ts';
import { maxPageSize, type Page, type PageRequest } from '../../../shared/control/page.ts';
import type { Books } from '../../../shared/store/usage-books.ts';
import { type Discrepancy, discrepancies } from '../../../shared/telemetry/audit-books.ts';
import type { Operation } from '../operation.ts';
import { parseInput } from '../parse-input.ts';

/** What proving the books works with. */
export interface BooksParts {
  readonly books: Pick<Books, 'scopes' | 'days'>;
  readonly store: Pick<ControlStore, 'listKeys' | 'listGroups' | 'findSharedLimits' | 'findTagLimits'>;
  readonly clock: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

const querySchema = z.strictObject({
  /** How many days, today included, are proved record by record. */
  days: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, 'must be a number of days from 1 to 999')
    .transform(Number)
    .optional(),
});

const dayMs = 86_400_000;

/** A call is settled before its record is written: what differs now and not a moment later was under way. */
const settlingMs = 1_500;
const mostLooks = 4;

/** `GET /admin/audit/books`: proves that the records, the usage and the ledger agree to the nano-dollar, and says where not. */
export function auditBooks({ books, store, clock, sleep }: BooksParts): Operation {
  return async (request) => {
    const { days = 2 } = parseInput(querySchema, request.query, 'query');
    const others = await limitedScopes(store);
    for (let looks = 1; ; looks += 1) {
      const nowMs = clock();
      const toMs = (Math.floor(nowMs / dayMs) + 1) * dayMs;
      const [scopes, proved] = [await books.scopes(others, nowMs), await books.days(toMs - days * dayMs, toMs)];
      const found = discrepancies(scopes, proved);
      if (found.length > 0 && looks < mostLooks) {
        await sleep(settlingMs);
        continue;
      }
      return { status: 200, body: renderBooks(scopes, proved, found) };
    }
  };
}

function renderBooks(
  scopes: Awaited<ReturnType<Books['scopes']>>,
  days: Awaited<ReturnType<Books['days']>>,
  found: readonly Discrepancy[],
) {
  return {
    object: 'books',
    agree: found.length === 0,
    discrepancies: found.map(({ where, what, differenceNanoUsd }) => ({ where, what, difference_nano_usd: differenceNanoUsd })),
    scopes: scopes.map(({ scope, ledgerNanoUsd, usageNanoUsd, heldNanoUsd }) => ({
      scope,
      ledger_nano_usd: ledgerNanoUsd,
      usage_nano_usd: usageNanoUsd,
      held_nano_usd: heldNanoUsd,
    })),
    days: days.map(({ day, recordCalls, recordNanoUsd, usageCalls, usageNanoUsd }) => ({
      day,
      record_calls: recordCalls,
      record_nano_usd: recordNanoUsd,
      usage_calls: usageCalls,
      usage_nano_usd: usageNanoUsd,
    })),
  };
}

/** Everything that has limits now: a scope the usage knows nothing of must have spent nothing. */
async function limitedScopes(store: BooksParts['store']): Promise<string[]> {
  const ids: string[] = [];
  for await (const key of all((page) => store.listKeys(page))) ids.push(...allScopesOf('key', key.id, key.limits).map(({ id }) => id));
  for (const kind of groupKinds) {
    for await (const group of all((page) => store.listGroups(kind, page))) {
      ids.push(...allScopesOf(kind, group.id, group.limits).map(({ id }) => id));
    }
  }
  const gateway = await store.findSharedLimits('gateway');
  for (const [tag, limits] of Object.entries((await store.findTagLimits())?.tags ?? {})) {
    ids.push(...allScopesOf('tag', tag, limits).map(({ id }) => id));
  }
  return [...ids, ...allScopesOf('gateway', 'gateway', gateway?.limits).map(({ id }) => id)];
}

async function* all<Item>(read: (page: PageRequest) => Promise<Page<Item>>): AsyncGenerator<Item> {
  let after: string | undefined;
  do {
    const page = await read({ limit: maxPageSize, ...(after !== undefined && { after }) });
    yield* page.items;
    after = page.next;
  } while (after !== undefined);
}
