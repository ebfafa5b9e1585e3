import type { FailureClass } from './classify.ts';
import type { LaneHealth, Pass } from './health.ts';
import type { Target } from './plan.ts';

/** One way to a target: the target itself, or in one of the several regions and with one of the several keys of its provider. */
export interface Lane {
  /** Under which health knows it: the target's name, and region and key where there are several. */
  readonly id: string;
  /** The target, with a provider that knows this region and this key alone. */
  readonly target: Target;
  /** The region's name, where there are several. */
  readonly region: string | undefined;
  /** The key's reference, where there are several. */
  readonly key: string | undefined;
  /** What receipts call it, where there are several. */
  readonly label: string | undefined;
}

/** The lanes of a target, in the order of its regions and keys. */
export function lanesOf(target: Target): readonly Lane[] {
  const { ways } = target.provider;
  if (ways.length === 0) return [{ id: target.name, target, region: undefined, key: undefined, label: undefined }];
  return ways.map(({ region, key, label, provider }) => ({
    id: `${target.name}${region === undefined ? '' : `#at:${region}`}${key === undefined ? '' : `#${key}`}`,
    target: { ...target, provider },
    region,
    key,
    label,
  }));
}

/** Refusals that another key of the same provider may not get. */
const ofTheKey: ReadonlySet<FailureClass> = new Set(['rate_limited', 'credentials', 'quota']);
/** Failures that another region may not have: all but those of the call itself. */
const ofTheRegion: ReadonlySet<FailureClass> = new Set([...ofTheKey, 'server_error', 'timeout', 'connection', 'unusable', 'not_found']);

/** The lanes among others that a call may take at once after a failure on one: with another key, or in another region. */
export function lanesAfter(failed: Lane, failureClass: FailureClass, others: readonly Lane[]): readonly Lane[] {
  const elsewhere = others.filter(({ region }) => region !== failed.region);
  if (!ofTheKey.has(failureClass)) return ofTheRegion.has(failureClass) ? elsewhere : [];
  return others.filter(({ key, region }) => key !== failed.key || region !== failed.region);
}

/** The lanes in an order that begins anywhere, so that several regions and keys share the load. */
export function rotated<Item>(items: readonly Item[], random: () => number): readonly Item[] {
  if (items.length < 2) return items;
  const first = Math.floor(random() * items.length) % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

/** Whether any lane of any of the targets lets a call pass now. */
export function anyOpen(targets: readonly Target[], health: LaneHealth, nowMs: number): boolean {
  return targets.some((target) => anyPasses(lanesOf(target), health, nowMs));
}

/** Whether any of the lanes lets a call pass now. */
export function anyPasses(lanes: readonly Lane[], health: LaneHealth, nowMs: number): boolean {
  return lanes.some(({ id }) => health.state(id, nowMs).kind !== 'open');
}

/** The first lane that lets a call pass, or why none does: the one that will soonest. */
export function pickLane(
  lanes: readonly Lane[],
  health: LaneHealth,
  nowMs: number,
): { readonly lane: Lane | undefined; readonly closed: Extract<Pass, { kind: 'open' }> | undefined } {
  let closed: Extract<Pass, { kind: 'open' }> | undefined;
  for (const lane of lanes) {
    const pass = health.pass(lane.id, nowMs);
    if (pass.kind !== 'open') return { lane, closed: undefined };
    if (closed === undefined || pass.untilMs < closed.untilMs) closed = pass;
  }
  return { lane: undefined, closed };
}
