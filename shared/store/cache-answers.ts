import type { AnswerStore, Claim, KeptSize, Slot } from '../cache/answer-store.ts';
import type { CachedAnswer } from '../cache/cached-answer.ts';
import { partKeys } from './cache-codec.ts';
import { type CacheTable, expiresAtOf, headOf, packAnswer, unpackAnswer } from './cache-items.ts';
import type { DynamoItem, DynamoKey } from './dynamo-client.ts';

/** Nobody is at work, or the work of whoever was has been given up for dead. */
const leaseIsFree = '(attribute_not_exists(leaseUntilMs) OR leaseUntilMs <= :now)';
/** No answer, or one that its reader has seen and cannot use, or one that has expired. */
const answerIsWanted = '(attribute_not_exists(storedAtMs) OR storedAtMs = :outdated OR freshUntilMs <= :now)';
const leaseIsMine = 'leaseOwner = :owner';

/** Cached answers in DynamoDB: one item for an answer and for the lease on it, and more for what does not fit. */
export class DynamoAnswers implements AnswerStore {
  readonly #place: CacheTable;

  constructor(place: CacheTable) {
    this.#place = place;
  }

  async find(key: string, consistent: boolean): Promise<Slot> {
    const { db, table } = this.#place;
    return this.#slotOf(await db.get({ table, key: slotKey(key), consistent }));
  }

  async claim(key: string, owner: string, ask: Parameters<AnswerStore['claim']>[2]): Promise<Claim> {
    const { db, table } = this.#place;
    const { written } = await db.update({
      table,
      key: slotKey(key),
      // An item that holds an answer keeps its own time of deletion; a lease alone is soon gone.
      update: 'SET leaseOwner = :owner, leaseUntilMs = :until, expiresAt = if_not_exists(expiresAt, :swept)',
      condition: `${leaseIsFree} AND ${answerIsWanted}`,
      values: {
        ':owner': owner,
        ':until': ask.leaseUntilMs,
        ':now': ask.nowMs,
        ':outdated': ask.outdated ?? -1,
        ':swept': expiresAtOf(ask.leaseUntilMs),
      },
    });
    if (written) return { kind: 'leading' };
    const item = await db.get({ table, key: slotKey(key), consistent: true });
    // The write was repeated after its reply got lost.
    if (item?.leaseOwner === owner) return { kind: 'leading' };
    return { kind: 'occupied', slot: await this.#slotOf(item) };
  }

  async renew(key: string, owner: string, leaseUntilMs: number): Promise<boolean> {
    const { db, table } = this.#place;
    const { written } = await db.update({
      table,
      key: slotKey(key),
      update: 'SET leaseUntilMs = :until',
      condition: leaseIsMine,
      values: { ':owner': owner, ':until': leaseUntilMs },
    });
    return written;
  }

  async keep(key: string, owner: string, answer: CachedAnswer): Promise<KeptSize | undefined> {
    const { db, table } = this.#place;
    const { attributes, size } = await packAnswer(answer, this.#place);
    const { written } = await db.put({
      table,
      // The owner stays in the item, so that the same write repeated is the same.
      item: { ...slotKey(key), ...attributes, leaseOwner: owner, leaseUntilMs: 0 },
      condition: leaseIsMine,
      values: { ':owner': owner },
    });
    return written ? size : undefined;
  }

  async abandon(key: string, owner: string): Promise<void> {
    const { db, table } = this.#place;
    const values = { ':owner': owner };
    const { written } = await db.delete({
      table,
      key: slotKey(key),
      condition: `${leaseIsMine} AND attribute_not_exists(storedAtMs)`,
      values,
    });
    if (written) return;
    await db.update({ table, key: slotKey(key), update: 'REMOVE leaseOwner, leaseUntilMs', condition: leaseIsMine, values });
  }

  async remove(key: string): Promise<boolean> {
    const { db, table } = this.#place;
    const { item } = await db.delete({ table, key: slotKey(key), returns: 'ALL_OLD' });
    const head = item && headOf(item);
    if (head !== undefined && head.parts > 0) await db.batchDelete(table, partKeys(head));
    return head !== undefined;
  }

  async #slotOf(item: DynamoItem | undefined): Promise<Slot> {
    const leaseUntilMs = typeof item?.leaseUntilMs === 'number' ? item.leaseUntilMs : 0;
    const answer = await unpackAnswer(item, this.#place);
    const storedAtMs = item?.storedAtMs;
    return { answer, leaseUntilMs, ...(answer === undefined && typeof storedAtMs === 'number' && { unreadableAtMs: storedAtMs }) };
  }
}

function slotKey(key: string): DynamoKey {
  return { pk: `ANSWER#${key}`, sk: 'HEAD' };
}
