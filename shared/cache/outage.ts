/** How long the cache is left alone after its store failed, in milliseconds. */
const restMs = 5_000;

/** Remembers that the store failed, so that an outage of the cache costs one call in a while its patience, and not every call. */
export class Outage {
  #untilMs = 0;

  /** Whether the store failed a moment ago. */
  isOn(nowMs: number): boolean {
    return nowMs < this.#untilMs;
  }

  begin(nowMs: number): void {
    this.#untilMs = nowMs + restMs;
  }
}
