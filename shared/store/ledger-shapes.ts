import type { LedgerShape } from '../admission/ledger-state.ts';
import { type EndStep, expectedTatUs, type TakeStep } from '../admission/ledger-steps.ts';

/** Items remembered; a wrong or missing memory costs one more round trip and nothing else. */
const mostShapes = 5_000;

interface Address {
  readonly scopeId: string;
  readonly shard: number;
}

/** Remembers how items looked when last seen, to choose the form of the next write to each. */
export class ShapeMemory {
  readonly #shapes = new Map<string, LedgerShape>();

  get(address: Address): LedgerShape | undefined {
    return this.#shapes.get(keyOf(address));
  }

  set(address: Address, shape: LedgerShape): void {
    const key = keyOf(address);
    this.#shapes.delete(key);
    // Only the shape is kept: a state would keep its holds alive.
    this.#shapes.set(key, { windows: shape.windows, requestTatUs: shape.requestTatUs, tokenTatUs: shape.tokenTatUs });
    if (this.#shapes.size <= mostShapes) return;
    const [oldest] = this.#shapes.keys();
    if (oldest !== undefined) this.#shapes.delete(oldest);
  }

  /**
   * Expects a write to move the arrival times, so that one sent right after it fits: of several calls in the same millisecond all but one
   * would fail. Windows are learned from answers alone: that a period has begun must never be a guess, settlements rely on it.
   */
  expect(address: Address, shape: LedgerShape, step: TakeStep): void {
    this.set(address, {
      windows: shape.windows,
      requestTatUs: expectedTatUs(step.requests, shape.requestTatUs),
      tokenTatUs: expectedTatUs(step.tokens, shape.tokenTatUs),
    });
  }

  /** Learns from the answer to a write. Arrival times may be further on by now, expecting writes still under way. */
  learn(address: Address, answer: LedgerShape): void {
    const known = this.get(address);
    this.set(address, {
      windows: { ...known?.windows, ...answer.windows },
      requestTatUs: later(known?.requestTatUs, answer.requestTatUs),
      tokenTatUs: later(known?.tokenTatUs, answer.tokenTatUs),
    });
  }

  /** Takes off what an ended hold gave back. */
  giveBack(address: Address, step: EndStep): void {
    const shape = this.get(address);
    if (!shape || (step.requestTatBackUs === 0 && step.tokenTatBackUs === 0)) return;
    const { requestTatUs, tokenTatUs } = shape;
    this.set(address, {
      windows: shape.windows,
      requestTatUs: requestTatUs === undefined ? undefined : requestTatUs - step.requestTatBackUs,
      tokenTatUs: tokenTatUs === undefined ? undefined : tokenTatUs - step.tokenTatBackUs,
    });
  }
}

function later(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);
}

function keyOf(address: Address): string {
  return `${address.scopeId} ${address.shard}`;
}
