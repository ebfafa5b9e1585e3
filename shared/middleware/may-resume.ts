import type { Call } from '../calls/call.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { needsOf } from '../providers/configured-provider.ts';
import type { Plan, Target } from '../routing/plan.ts';

/**
 * Whether an answer to the call may be carried on by another target once it broke off: then room is held for two attempts.
 * Targets with limits of their own keep out of it, because their ledger knows one target for a call.
 */
export function mayResume(call: Call, plan: Plan, dialect: Dialect): boolean {
  return plan.resume && dialect.resuming?.begin(call) !== undefined && plan.targets.length > 1 && plan.targets.some(continues(call));
}

/** Whether a target is known to carry on with an answer to the call that another one has begun. */
export function continues(call: Call) {
  return ({ provider, model, limits, overrides }: Target): boolean =>
    provider.continuesBy !== undefined &&
    provider.speaksFully(call.dialect, model, needsOf(call, overrides)) &&
    limits === undefined &&
    overrides.messages === undefined;
}
