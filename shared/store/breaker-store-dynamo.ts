import * as z from 'zod';
import type { HealthDelta, HealthStore, OpenReason, SharedHealth, Speed } from '../routing/health.ts';
import type { DynamoDb, DynamoItem, DynamoKey, DynamoMap } from './dynamo-client.ts';

/** A lane nobody uses is forgotten after this, in seconds. */
const keptSeconds = 3_600;

const count = z.number().catch(0);
const itemSchema = z.object({
  sk: z.string(),
  slot: count,
  ok: count,
  bad: count,
  previousOk: count,
  previousBad: count,
  openUntilMs: count,
  openReason: z.enum(['errors', 'throttled']).catch('errors'),
  streak: count,
  probeUntilMs: count,
  speed: z
    .object({ firstContentMs: z.number(), tokensPerSecond: z.number(), durationMs: z.number(), measuredAtMs: z.number() })
    .optional()
    .catch(undefined),
});

const slotIsCurrent = 'slot = :slot AND NOT lastWrite = :write';
const slotIsFirst = 'attribute_not_exists(slot)';
const slotIsOld = 'slot = :seenSlot AND ok = :seenOk AND bad = :seenBad';
const notOpenForLonger = 'attribute_not_exists(openUntilMs) OR openUntilMs < :until';
const dueAndUnclaimed = 'openUntilMs > :zero AND openUntilMs <= :now AND (attribute_not_exists(probeUntilMs) OR probeUntilMs <= :now)';

/**
 * The health of lanes as items under one partition of the table of things that may be lost. One query reads all of
 * them: a lane is some 200 bytes, so twenty cost half a read unit.
 */
export class DynamoHealthStore implements HealthStore {
  readonly #dynamo: DynamoDb;
  readonly #table: string;
  readonly #clock: () => number;
  readonly #newId: () => string;
  readonly #seen = new Map<string, SharedHealth>();

  constructor(options: { readonly dynamo: DynamoDb; readonly table: string; readonly clock: () => number; readonly newId: () => string }) {
    this.#dynamo = options.dynamo;
    this.#table = options.table;
    this.#clock = options.clock;
    this.#newId = options.newId;
  }

  async read(): Promise<readonly SharedHealth[]> {
    const lanes: SharedHealth[] = [];
    let startKey: DynamoMap | undefined;
    do {
      const page = await this.#dynamo.query({ table: this.#table, keyCondition: 'pk = :pk', values: { ':pk': partition }, startKey });
      for (const item of page.items) if (!this.#expired(item)) lanes.push(this.#remember(item));
      startKey = page.nextKey;
    } while (startKey !== undefined);
    return lanes;
  }

  async add(lane: string, slot: number, delta: HealthDelta): Promise<SharedHealth | undefined> {
    const write = this.#newId();
    let seen = this.#seen.get(lane);
    for (let tries = 0; tries < 3; tries += 1) {
      const added = await this.#addOver(seen, lane, slot, delta, write);
      if (added !== undefined) return added;
      // Another instance began the slot, or this write has landed already.
      const item = await this.#dynamo.get({ table: this.#table, key: keyOf(lane), consistent: true });
      if (item === undefined) seen = undefined;
      else if (item.lastWrite === write) return this.#remember(item);
      else seen = this.#remember(item);
    }
    // So many others count at this moment that one instance's share is not missed.
    return seen;
  }

  async open(lane: string, opening: { readonly untilMs: number; readonly reason: OpenReason; readonly streak: number }): Promise<void> {
    await this.#dynamo.update({
      table: this.#table,
      key: keyOf(lane),
      update: 'SET openUntilMs = :until, openReason = :reason, streak = :streak, probeUntilMs = :zero, expiresAt = :expires',
      condition: notOpenForLonger,
      values: {
        ':until': opening.untilMs,
        ':reason': opening.reason,
        ':streak': opening.streak,
        ':zero': 0,
        ':expires': this.#expiresAt(),
      },
    });
  }

  async close(lane: string): Promise<void> {
    await this.#dynamo.update({
      table: this.#table,
      key: keyOf(lane),
      update:
        'SET openUntilMs = :zero, streak = :zero, probeUntilMs = :zero, ok = :zero, bad = :zero, previousOk = :zero, previousBad = :zero, expiresAt = :expires',
      values: { ':zero': 0, ':expires': this.#expiresAt() },
    });
    this.#seen.delete(lane);
  }

  async claimProbe(lane: string, claim: { readonly nowMs: number; readonly untilMs: number }): Promise<boolean> {
    const { written } = await this.#dynamo.update({
      table: this.#table,
      key: keyOf(lane),
      update: 'SET probeUntilMs = :until',
      condition: dueAndUnclaimed,
      values: { ':until': claim.untilMs, ':now': claim.nowMs, ':zero': 0 },
    });
    return written;
  }

  async #addOver(
    seen: SharedHealth | undefined,
    lane: string,
    slot: number,
    delta: HealthDelta,
    write: string,
  ): Promise<SharedHealth | undefined> {
    const isCurrent = seen?.slot === slot;
    const followed = seen?.slot === slot - 1;
    const sets = [
      isCurrent ? 'ok = ok + :ok, bad = bad + :bad' : 'ok = :ok, bad = :bad, previousOk = :previousOk, previousBad = :previousBad',
      'slot = :slot, lastWrite = :write, expiresAt = :expires',
      ...(delta.speed === undefined ? [] : ['speed = :speed']),
    ];
    const condition = isCurrent ? slotIsCurrent : seen === undefined || seen.slot === 0 ? slotIsFirst : slotIsOld;
    const { written, item } = await this.#dynamo.update({
      table: this.#table,
      key: keyOf(lane),
      update: `SET ${sets.join(', ')}`,
      condition,
      values: {
        ':ok': delta.ok,
        ':bad': delta.bad,
        ':slot': slot,
        ':write': write,
        ':expires': this.#expiresAt(),
        ...(delta.speed !== undefined && { ':speed': speedItem(delta.speed) }),
        ...(!isCurrent && { ':previousOk': followed ? seen.ok : 0, ':previousBad': followed ? seen.bad : 0 }),
        ...(condition === slotIsOld && seen !== undefined && { ':seenSlot': seen.slot, ':seenOk': seen.ok, ':seenBad': seen.bad }),
      },
      returns: 'ALL_NEW',
    });
    return written && item !== undefined ? this.#remember(item) : undefined;
  }

  #remember(item: DynamoItem): SharedHealth {
    const { sk, speed, ...rest } = itemSchema.parse(item);
    const health: SharedHealth = { ...rest, lane: sk, speed };
    this.#seen.set(sk, health);
    return health;
  }

  /** The table's own expiry comes late. */
  #expired(item: DynamoItem): boolean {
    return typeof item.expiresAt === 'number' && item.expiresAt * 1000 <= this.#clock();
  }

  #expiresAt(): number {
    return Math.ceil(this.#clock() / 1000) + keptSeconds;
  }
}

const partition = 'HEALTH';

function keyOf(lane: string): DynamoKey {
  return { pk: partition, sk: lane };
}

function speedItem(speed: Speed): DynamoMap {
  return {
    firstContentMs: Math.round(speed.firstContentMs),
    tokensPerSecond: Math.round(speed.tokensPerSecond * 100) / 100,
    durationMs: Math.round(speed.durationMs),
    measuredAtMs: Math.round(speed.measuredAtMs),
  };
}
