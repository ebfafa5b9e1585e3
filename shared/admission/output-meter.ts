import type { Admitted, Ledger } from './ledger.ts';
import type { Quote } from './quote.ts';

/** What the meter reads of a running stream. */
export interface MeteredOutput {
  /** UTF-8 bytes of everything the model made. */
  readonly outputBytes: number;
}

/** Whether a stream may go on, has to wait for the ledger's answer, or ends here. */
export type MeterVerdict = 'go' | 'wait' | 'stop';

/** Output tokens held at first, and the least that is asked for at a time. */
export const firstSliceTokens = 1_024;
/** More is asked for when less than this share of what is held is left. */
const refillBelow = 0.5;

/**
 * Holds money for a stream's output in slices, as telecom online charging does: a first slice at admission, more while the
 * output advances, and well before what is held is used up. Output is counted in bytes, because no tokenizer makes more
 * than one token of a byte, so what is held always covers what has been made.
 */
export class OutputMeter {
  readonly #ledger: Pick<Ledger, 'extend'>;
  readonly #quote: Quote;
  readonly #nowMs: () => number;
  readonly #onAdmitted: (admitted: Admitted) => void;
  #admitted: Admitted;
  /** Output tokens per choice that what is held pays for. */
  #heldTokens: number;
  #asking = false;
  #refused = false;
  #seenBytes = 0;
  #largestStep = 0;
  #onDecided: (() => void) | undefined;

  /** @param onAdmitted is told of what is held after each extension; settle with the last one. */
  constructor(
    ledger: Pick<Ledger, 'extend'>,
    start: { readonly admitted: Admitted; readonly quote: Quote; readonly heldTokens: number },
    options: { readonly nowMs: () => number; readonly onAdmitted: (admitted: Admitted) => void },
  ) {
    this.#ledger = ledger;
    this.#quote = start.quote;
    this.#admitted = start.admitted;
    this.#heldTokens = start.heldTokens;
    this.#nowMs = options.nowMs;
    this.#onAdmitted = options.onAdmitted;
  }

  /** Looks at what has been made. After `wait`, `onDecided` is called once when it is worth looking again. */
  check(output: MeteredOutput, onDecided: () => void): MeterVerdict {
    const held = this.#heldTokens * this.#quote.choices;
    if (this.#heldTokens >= this.#quote.outputTokens) return 'go';
    const left = held - output.outputBytes;
    this.#largestStep = Math.max(this.#largestStep, output.outputBytes - this.#seenBytes);
    this.#seenBytes = output.outputBytes;
    // The next event is made, and billed, before it can be looked at: room for it stays, judged by the largest so far.
    const hasRoom = left > this.#largestStep;
    if (this.#refused) return hasRoom ? 'go' : 'stop';
    if ((left < held * refillBelow || !hasRoom) && !this.#asking) this.#ask();
    if (hasRoom) return 'go';
    this.#onDecided = onDecided;
    return 'wait';
  }

  #ask(): void {
    this.#asking = true;
    // Doubling keeps the number of writes logarithmic in the length of the answer.
    const wanted = Math.min(this.#quote.outputTokens, this.#heldTokens * 2);
    const more = (tokens: number): number => Math.max(0, this.#quote.costWith(tokens) - this.#quote.costWith(this.#heldTokens));
    const least = Math.min(wanted, this.#heldTokens + Math.ceil(firstSliceTokens / 4));
    this.#ledger
      .extend(this.#admitted, {
        amountNanoUsd: more(wanted),
        floorNanoUsd: more(least),
        tokens: (wanted - this.#heldTokens) * this.#quote.choices,
        floorTokens: (least - this.#heldTokens) * this.#quote.choices,
        nowMs: this.#nowMs(),
      })
      .then((answer) => {
        this.#admitted = answer.admitted;
        this.#onAdmitted(answer.admitted);
        if (answer.outcome === 'refused') this.#refused = true;
        else this.#heldTokens = this.#tokensFor(answer.grantedNanoUsd, answer.grantedTokens, wanted, more);
      })
      // A store that does not answer cannot be asked for more: the stream ends with what it has, as a refusal would end it.
      .catch(() => {
        this.#refused = true;
      })
      .finally(() => {
        this.#asking = false;
        const decided = this.#onDecided;
        this.#onDecided = undefined;
        decided?.();
      });
  }

  #tokensFor(grantedNanoUsd: number, grantedTokens: number, wanted: number, more: (tokens: number) => number): number {
    const byTokens = this.#heldTokens + Math.floor(grantedTokens / this.#quote.choices);
    if (grantedNanoUsd >= more(wanted)) return Math.min(wanted, byTokens);
    return Math.min(wanted, byTokens, this.#quote.affordable(this.#quote.costWith(this.#heldTokens) + grantedNanoUsd));
  }
}
