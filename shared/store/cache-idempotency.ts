import * as z from 'zod';
import type { KeptSize } from '../cache/answer-store.ts';
import type { CachedAnswer } from '../cache/cached-answer.ts';
import { type IdempotencyClaim, type IdempotencyStore, idempotencyMs, type KeptFailure } from '../cache/idempotency.ts';
import { errorCodes } from '../errors/codes.ts';
import { type CacheTable, expiresAtOf, packAnswer, unpackAnswer } from './cache-items.ts';
import type { DynamoItem, DynamoKey } from './dynamo-client.ts';

const isFree = 'attribute_not_exists(pk)';
/** Whoever had it is dead, and the same call comes again. */
const isLapsed = '(digest = :digest AND leaseUntilMs > :zero AND leaseUntilMs <= :now)';
const isForgotten = 'neededUntilMs <= :now';
const leaseIsMine = 'leaseOwner = :owner';

const failureSchema = z.object({
  code: z.string().refine((code): code is keyof typeof errorCodes => code in errorCodes),
  status: z.int(),
  message: z.string(),
});

/** Idempotency keys in DynamoDB, one item each and more for large answers. A lease of 0 says that the call is over. */
export class DynamoIdempotency implements IdempotencyStore {
  readonly #place: CacheTable;

  constructor(place: CacheTable) {
    this.#place = place;
  }

  async claim(id: string, owner: string, digest: string, ask: Parameters<IdempotencyStore['claim']>[3]): Promise<IdempotencyClaim> {
    const { db, table } = this.#place;
    const neededUntilMs = ask.nowMs + idempotencyMs;
    for (let round = 0; ; round += 1) {
      const { written } = await db.put({
        table,
        item: {
          ...itemKey(id),
          leaseOwner: owner,
          leaseUntilMs: ask.leaseUntilMs,
          digest,
          neededUntilMs,
          expiresAt: expiresAtOf(neededUntilMs),
        },
        condition: `${isFree} OR ${isLapsed} OR ${isForgotten}`,
        values: { ':digest': digest, ':zero': 0, ':now': ask.nowMs },
      });
      if (written) return { kind: 'first' };
      const item = await db.get({ table, key: itemKey(id), consistent: true });
      const claim = item && (await this.#read(item, owner, digest));
      if (claim !== undefined) return claim;
      // It was given up or lost its answer between the two looks: then it is free.
      if (round > 0) return { kind: 'in-progress' };
      if (item !== undefined)
        await db.delete({ table, key: itemKey(id), condition: 'leaseOwner = :owner', values: { ':owner': item.leaseOwner ?? '' } });
    }
  }

  async renew(id: string, owner: string, leaseUntilMs: number): Promise<boolean> {
    return this.#update(id, owner, 'SET leaseUntilMs = :until', { ':until': leaseUntilMs });
  }

  async keep(id: string, owner: string, answer: CachedAnswer): Promise<KeptSize | undefined> {
    const { attributes, size } = await packAnswer(answer, this.#place);
    const { expiresAt: _expiresAt, ...kept } = attributes;
    const names = Object.keys(kept);
    const sets = names.map((_name, index) => `#n${index} = :v${index}`).join(', ');
    const written = await this.#update(
      id,
      owner,
      `SET leaseUntilMs = :zero, ${sets}`,
      { ':zero': 0, ...Object.fromEntries(names.map((name, index) => [`:v${index}`, kept[name] ?? null])) },
      Object.fromEntries(names.map((name, index) => [`#n${index}`, name])),
    );
    return written ? size : undefined;
  }

  async fail(id: string, owner: string, failure: KeptFailure): Promise<void> {
    await this.#update(id, owner, 'SET leaseUntilMs = :zero, failure = :failure', { ':zero': 0, ':failure': { ...failure } });
  }

  async abandon(id: string, owner: string): Promise<void> {
    const { db, table } = this.#place;
    await db.delete({ table, key: itemKey(id), condition: leaseIsMine, values: { ':owner': owner } });
  }

  async #update(id: string, owner: string, update: string, values: DynamoItem, names?: Readonly<Record<string, string>>): Promise<boolean> {
    const { db, table } = this.#place;
    const defined = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, value ?? null]));
    const { written } = await db.update({
      table,
      key: itemKey(id),
      update,
      condition: leaseIsMine,
      values: { ...defined, ':owner': owner },
      ...(names && { names }),
    });
    return written;
  }

  async #read(item: DynamoItem, owner: string, digest: string): Promise<IdempotencyClaim | undefined> {
    // The write was repeated after its reply got lost.
    if (item.leaseOwner === owner) return { kind: 'first' };
    if (item.digest !== digest) return { kind: 'conflict' };
    if (item.leaseUntilMs !== 0) return { kind: 'in-progress' };
    const failure = failureSchema.safeParse(item.failure);
    if (failure.success) return { kind: 'failed', failure: failure.data };
    const answer = await unpackAnswer(item, this.#place);
    return answer && { kind: 'answered', answer };
  }
}

function itemKey(id: string): DynamoKey {
  return { pk: `IDEMPOTENCY#${id}`, sk: 'HEAD' };
}
