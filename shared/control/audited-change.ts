import type { AuditEntry } from './audit-entry.ts';
import type { ControlStore } from './control-store.ts';
import { sortableId } from './sortable-id.ts';

/** What a change is told about itself: everything an audit entry needs but its result. */
export interface ChangeOrigin {
  readonly actor: string;
  readonly address?: string;
  readonly nowMs: number;
  readonly randomBytes: (size: number) => Uint8Array;
}

/** What was there before a change and after it, as the control plane shows it. */
export interface BeforeAndAfter {
  readonly before?: AuditEntry['before'];
  readonly after?: AuditEntry['after'];
}

/**
 * Makes a change and leaves an audit entry of it, whatever crashes in between: the entry is there before
 * the change is, and says how it ended once that is known. A change whose entry cannot be written is not
 * made. When `change` throws, so does this, and the entry says `failed`.
 */
export async function auditedChange<Result extends BeforeAndAfter>(
  store: Pick<ControlStore, 'putAuditEntry'>,
  origin: ChangeOrigin,
  what: { readonly action: string; readonly target: string },
  change: () => Promise<Result>,
): Promise<Result> {
  const begun: AuditEntry = {
    id: sortableId('aud_', origin.nowMs, origin.randomBytes),
    atMs: origin.nowMs,
    actor: origin.actor,
    ...(origin.address !== undefined && { address: origin.address }),
    ...what,
    outcome: 'begun',
  };
  await store.putAuditEntry(begun);
  let result: Result;
  try {
    result = await change();
  } catch (error) {
    await closeEntry(store, { ...begun, outcome: 'failed' });
    throw error;
  }
  const { before, after } = result;
  await closeEntry(store, { ...begun, outcome: 'done', ...(before && { before }), ...(after && { after }) });
  return result;
}

/**
 * By now the change was made or refused, and its caller has to hear that: an error here would make them
 * repeat it. The entry then keeps saying `begun`, which is true.
 */
async function closeEntry(store: Pick<ControlStore, 'putAuditEntry'>, entry: AuditEntry): Promise<void> {
  await store.putAuditEntry(entry).catch(() => undefined);
}
