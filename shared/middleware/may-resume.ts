import type { Call } from '../calls/call.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { ContinuationStyle, Resuming } from '../dialects/resuming.ts';
import { needsOf } from '../providers/configured-provider.ts';
import { asksForThinking } from '../providers/hidden-output.ts';
import type { Plan, Target } from '../routing/plan.ts';

/**
 * Whether an answer to the call may be carried on by another target once it broke off: then room is held for two attempts.
 * Targets with limits of their own keep out of it, because their ledger knows one target for a call.
 */
export function mayResume(call: Call, plan: Plan, dialect: Dialect): boolean {
  return (
    plan.resume && dialect.resuming?.begin(call) !== undefined && plan.targets.length > 1 && plan.targets.some(continues(call, dialect))
  );
}

/** Whether a target is known to carry on with an answer to the call that another one has begun. */
export function continues(call: Call, { resuming }: Dialect) {
  return (target: Target): boolean =>
    resuming !== undefined &&
    target.limits === undefined &&
    target.overrides[resuming.field] === undefined &&
    styleAt(target, call, resuming) !== undefined;
}

/** How a target is asked to carry on; undefined where nobody says that it can. */
export function styleAt({ provider, model, overrides }: Target, call: Call, { styles }: Resuming): ContinuationStyle | undefined {
  const native = provider.speaksFully(call.dialect, model, needsOf(call, overrides));
  if (styles === 'any') return native ? 'assistant_message' : undefined;
  const style = provider.continuation(call.dialect, model);
  if (style === undefined || !styles.includes(style)) return undefined;
  // Thinking comes before the answer, so that an answer which has begun leaves no room for it.
  if (style === 'prefill' && asksForThinking(call.body)) return undefined;
  // What is said by a last message alone survives a translation; words of a provider's own do not.
  const survives = style === 'prefill' || style === 'assistant_message';
  return native || (survives && provider.row.aiSdkPackage !== undefined) ? style : undefined;
}
