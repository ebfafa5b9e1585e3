import type { Admitted, Ledger } from '../admission/ledger.ts';
import { quoteCall } from '../admission/quote.ts';
import { targetScope } from '../admission/scopes.ts';
import { settlingMs } from '../admission/settling.ts';
import type { Call } from '../calls/call.ts';
import type { Usage } from '../calls/usage.ts';
import type { LiveConfig } from '../config/live-config.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { TargetLimiter, TargetPermit } from '../routing/journey.ts';
import { everyTarget, type Plan, type Target } from '../routing/plan.ts';
import { unboundedTool } from '../routing/spending-bounds.ts';
import { describeError, type Log } from '../telemetry/log.ts';
import { quotedTarget } from './quoted-target.ts';

/** What holding room at targets needs to know of a call. */
export interface HeldCall {
  readonly requestId: string;
  readonly call: Call;
  readonly dialect: Dialect;
  readonly plan: Plan;
  readonly config: Pick<LiveConfig, 'priceOf'>;
  readonly deadlineAtMs: number;
}

/** What holding room at targets needs of the world. */
export interface TargetHoldPorts {
  readonly ledger: Pick<Ledger, 'admit' | 'settle' | 'release'>;
  readonly nowMs: () => number;
  readonly log: Log;
}

/**
 * Keeps the limits that targets have of their own: room for a call's worst case is held in the same ledger as the
 * limits of keys, before the call is sent there, and settled with what the call used. One write more for a target with
 * limits, none for any other.
 */
export class TargetHolds implements TargetLimiter {
  readonly #held: HeldCall;
  readonly #ports: TargetHoldPorts;
  readonly #writes: Promise<unknown>[] = [];
  #serving: Admitted | undefined;

  constructor(held: HeldCall, ports: TargetHoldPorts) {
    this.#held = held;
    this.#ports = ports;
  }

  /** Undefined where no target of the plan has limits. */
  static for(held: HeldCall, ports: TargetHoldPorts): TargetHolds | undefined {
    return everyTarget(held.plan).some(({ limits }) => limits !== undefined) ? new TargetHolds(held, ports) : undefined;
  }

  async admit(target: Target): Promise<TargetPermit | { readonly refusedUntilMs: number | undefined } | undefined> {
    const scope = target.limits && targetScope(target.name, target.limits);
    if (scope === undefined) return undefined;
    const { ledger, nowMs } = this.#ports;
    const { call, requestId, deadlineAtMs } = this.#held;
    const quoted = quotedTarget(target, this.#held);
    // What cannot be priced cannot be kept within a sum.
    const unbounded = quoted.price === undefined || unboundedTool(target, quoted.call ?? call, quoted.price) !== undefined;
    if (unbounded && scope.limits.budgets.length > 0) return { refusedUntilMs: undefined };
    const now = nowMs();
    const quote = quoteCall(call, [quoted], now);
    const answer = await ledger.admit({
      requestId,
      scopes: [scope],
      amountNanoUsd: quote.costWith(quote.outputTokens),
      tokens: quote.inputTokens + quote.outputTokens * quote.choices,
      unpriced: quote.unpriced.length > 0,
      nowMs: now,
      expiresAtMs: deadlineAtMs + settlingMs,
    });
    if (answer.outcome === 'refused') {
      const waitMs = answer.retryAfterMs ?? (answer.resetsAtMs === undefined ? undefined : answer.resetsAtMs - now);
      return { refusedUntilMs: waitMs === undefined ? undefined : now + waitMs };
    }
    this.#serving = answer;
    return {
      release: () => {
        if (this.#serving === answer) this.#serving = undefined;
        this.#write(ledger.release(answer, nowMs()));
      },
    };
  }

  /** Ids of the scopes that the target's limits charge the call to. */
  get charged(): readonly string[] {
    return [...new Set(this.#serving?.holds.map(({ scope }) => scope.id))];
  }

  /** Closes the books on the target that served the call, if it has any, and waits for what is still being written. Never throws. */
  async settle(consumption: { readonly usage: Usage; readonly costNanoUsd: number | undefined }): Promise<void> {
    const { ledger, nowMs } = this.#ports;
    const { usage, costNanoUsd } = consumption;
    if (this.#serving !== undefined) {
      const actual = { actualNanoUsd: costNanoUsd ?? 0, actualTokens: usage.inputTokens + usage.outputTokens, nowMs: nowMs() };
      this.#write(ledger.settle(this.#serving, actual));
    }
    await Promise.all(this.#writes);
  }

  #write(write: Promise<unknown>): void {
    this.#writes.push(
      write.catch((error: unknown) => {
        this.#ports.log.write('error', 'target limits not settled', { request_id: this.#held.requestId, ...describeError(error) });
      }),
    );
  }
}
