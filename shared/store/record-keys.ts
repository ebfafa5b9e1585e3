import { firstSortableId, timeOfSortableId } from '../control/sortable-id.ts';
import type { DynamoKey } from './dynamo-client.ts';

const prefix = 'req_';

/** Calls of a day lie in so many partitions, each good for 1,000 records a second. */
export const callShards = 4;

const dayMs = 86_400_000;

/** Sorts behind every id of its millisecond, and behind what hangs on it. */
const lastSuffix = 'zzzzzzz~';

/** When the call with this id began, in milliseconds since the epoch; undefined for what is no id of a call. */
export function startOfCall(id: string): number | undefined {
  return timeOfSortableId(prefix, id);
}

/** Where the record of a call lies: the id itself says so. Undefined for what is no id of a call. */
export function callKey(id: string): DynamoKey | undefined {
  const startedAtMs = startOfCall(id);
  return startedAtMs === undefined ? undefined : { pk: callPartition(startedAtMs, shardOf(id)), sk: id };
}

/** Where it lies what a scope was charged for a call whose invocation died. */
export function deadHoldKey(id: string, scopeId: string): DynamoKey | undefined {
  const key = callKey(id);
  return key && { pk: key.pk, sk: `${id}#${scopeId}` };
}

/** The id of the call a sort key belongs to. */
export function callIdOf(sk: string): string {
  return sk.split('#', 1)[0] ?? sk;
}

/** The partition of the calls that began on the day of `timeMs`. */
export function callPartition(timeMs: number, shard: number): string {
  return `calls#${new Date(timeMs).toISOString().slice(0, 10)}#${shard}`;
}

/** Sort keys of all calls that began in [fromMs, toMs). */
export function callRange(fromMs: number, toMs: number): { readonly from: string; readonly to: string } {
  return { from: firstSortableId(prefix, fromMs), to: `${firstSortableId(prefix, toMs - 1).slice(0, -7)}${lastSuffix}` };
}

/** The starts of the days that [fromMs, toMs) touches, in order. */
export function daysBetween(fromMs: number, toMs: number): number[] {
  const days: number[] = [];
  for (let day = startOfDay(fromMs); day < toMs; day += dayMs) days.push(day);
  return days;
}

/** Midnight, UTC, before `timeMs`. */
export function startOfDay(timeMs: number): number {
  return Math.floor(timeMs / dayMs) * dayMs;
}

function shardOf(id: string): number {
  return id.charCodeAt(id.length - 1) % callShards;
}
