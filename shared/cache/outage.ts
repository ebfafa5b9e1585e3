/** Without an answer for so long the store counts as down, in milliseconds. A burst that starves a process is no outage. */
const failingMs = 1_500;
/** How long the cache is then left alone, in milliseconds. */
const restMs = 5_000;

/** Remembers that the store failed, so that an outage costs one call in a while its patience, and not every call. */
export class Outage {
  #lastAnswerMs = 0;
  #untilMs = 0;

  /** Whether the store is down, as far as is known. */
  isOn(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }

  /** The store answered. */
  answered(nowMs: number): void {
    this.#lastAnswerMs = nowMs;
  }

  /** A question to the store that was asked at `begunAtMs` failed. */
  failed(begunAtMs: number, nowMs: number): void {
    const isQuick = nowMs - begunAtMs < failingMs;
    // Whoever refuses at once has answered, in a way; two refusals apart in time are an outage like silence.
    if (this.#lastAnswerMs < begunAtMs && (!isQuick || nowMs - this.#lastAnswerMs >= failingMs)) this.#untilMs = nowMs + restMs;
  }
}

/** Runs what may fail for the moment, and once more if it did. */
export async function tried<Value>(run: () => Promise<Value>): Promise<Value> {
  try {
    return await run();
  } catch {
    return await run();
  }
}
