import type { LaneHealth, Pass } from './health.ts';
import type { Target } from './plan.ts';

/** One way to a target: the target itself, or with one of the several keys of its provider. */
export interface Lane {
  /** Under which health knows it: the target's name, and the key's where there are several. */
  readonly id: string;
  /** The target, with a provider that knows this key alone. */
  readonly target: Target;
  /** The key's reference, where there are several. */
  readonly key: string | undefined;
}

/** The lanes of a target, in the order of its keys. */
export function lanesOf(target: Target): readonly Lane[] {
  const keys = target.provider.keys;
  if (keys.length < 2) return [{ id: target.name, target, key: undefined }];
  return keys.map(({ reference, provider }) => ({ id: `${target.name}#${reference}`, target: { ...target, provider }, key: reference }));
}

/** The lanes in an order that begins anywhere, so that several keys share the load. */
export function rotated<Item>(items: readonly Item[], random: () => number): readonly Item[] {
  if (items.length < 2) return items;
  const first = Math.floor(random() * items.length) % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

/** Whether any lane of any of the targets lets a call pass now. */
export function anyOpen(targets: readonly Target[], health: LaneHealth, nowMs: number): boolean {
  return targets.some((target) => lanesOf(target).some(({ id }) => health.state(id, nowMs).kind !== 'open'));
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
