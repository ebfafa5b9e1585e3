/**
 * How long something is tried again. `hold`: some two minutes, after which the hold's expiry settles what is left.
 * `outage`: some two hours, for a call that was let through without a hold: nothing but this will ever charge it.
 */
export type Patience = 'hold' | 'outage';

/** Waits between tries, in milliseconds. */
const holdWaitsMs = [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 60_000];
const waitsMs = { hold: holdWaitsMs, outage: [...holdWaitsMs, ...Array.from({ length: 160 }, () => 60_000)] };

/** What is put off beyond this is dropped: memory is bounded, expiry settles holds, and the log has every amount. */
const mostJobs = 10_000;

/**
 * Accounting put off because the store failed, tried again in the background. Every job is safe to repeat.
 * Its timers do not keep a process alive: what a dying process leaves undone is settled by expiry.
 */
export class LateWork {
  readonly #jobs = new Set<Promise<void>>();

  add(job: () => Promise<unknown>, patience: Patience = 'hold'): void {
    if (this.#jobs.size >= mostJobs) return;
    const running = this.#run(job, waitsMs[patience]).finally(() => this.#jobs.delete(running));
    this.#jobs.add(running);
  }

  /** Resolves when nothing is waiting any more. */
  async drained(): Promise<void> {
    while (this.#jobs.size > 0) await Promise.all(this.#jobs);
  }

  async #run(job: () => Promise<unknown>, waits: readonly number[]): Promise<void> {
    for (const waitMs of waits) {
      await new Promise<void>((resolve) => setTimeout(resolve, waitMs * (0.5 + Math.random() / 2)).unref());
      try {
        await job();
        return;
      } catch {
        // The store still fails; the failure itself was logged when the work was put off.
      }
    }
  }
}
