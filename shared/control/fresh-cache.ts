/** How a `FreshCache` is bounded, in time and in entries. */
export interface FreshCacheOptions<Value> {
  /** Reads the value from where it is kept; undefined when there is none. */
  readonly load: (id: string) => Promise<Value | undefined>;
  /** Milliseconds since the epoch. Wall time, because a frozen function must not think that no time has passed. */
  readonly clock: () => number;
  /** Age in milliseconds, from the moment the read began, at which a value is read anew. */
  readonly maxAgeMs: number;
  /** The same for the fact that there is none. */
  readonly absentMaxAgeMs: number;
  /** How many values are kept; the least recently used goes first. */
  readonly maxEntries: number;
  /**
   * Asked when an entry could not be read anew: whether it goes on to be believed. It is then for a second without asking
   * the store again, which is in trouble. Default: never, and what the read threw is thrown.
   */
  readonly believesUnread?: (entry: { readonly present: boolean; readonly ageMs: number }, error: unknown) => boolean;
  /** How many absences are kept, apart from the values, so that a flood of wrong ids pushes no value out. */
  readonly maxAbsent: number;
}

interface Entry<Value> {
  readonly value: Value | undefined;
  readonly readAtMs: number;
  /** Until when it is believed although it could not be read anew. */
  believedUntilMs?: number;
}

const believedForMs = 1_000;

/**
 * A read-through cache with a hard bound on staleness: nothing older than `maxAgeMs` is ever returned, unless `believesUnread` says so.
 * Concurrent misses of one id share one read. A failed read is thrown to those who wait for it and then forgotten.
 */
export class FreshCache<Value> {
  readonly #options: FreshCacheOptions<Value>;
  readonly #present = new Map<string, Entry<Value>>();
  readonly #absent = new Map<string, Entry<Value>>();
  readonly #reading = new Map<string, Promise<Value | undefined>>();

  constructor(options: FreshCacheOptions<Value>) {
    this.#options = options;
  }

  /** The value of `id`, or undefined when there is none. Throws what `load` throws. */
  async get(id: string): Promise<Value | undefined> {
    const known = this.#fresh(id);
    if (known) return known.value;
    try {
      return await this.read(id);
    } catch (error) {
      const old = this.#unread(id, error);
      if (old === undefined) throw error;
      return old.value;
    }
  }

  /** Like `get`, but whatever is remembered is read anew. */
  async read(id: string): Promise<Value | undefined> {
    const reading = this.#reading.get(id);
    if (reading) return reading;
    const started = this.#load(id);
    this.#reading.set(id, started);
    try {
      return await started;
    } finally {
      this.#reading.delete(id);
    }
  }

  /** Drops what is remembered of `id`. */
  forget(id: string): void {
    this.#present.delete(id);
    this.#absent.delete(id);
  }

  /** How many ids are remembered, known absences included. */
  get size(): number {
    return this.#present.size + this.#absent.size;
  }

  #unread(id: string, error: unknown): Entry<Value> | undefined {
    const present = this.#present.get(id);
    const entry = present ?? this.#absent.get(id);
    const nowMs = this.#options.clock();
    const ageMs = entry === undefined ? 0 : Math.abs(nowMs - entry.readAtMs);
    if (entry === undefined || !this.#options.believesUnread?.({ present: present !== undefined, ageMs }, error)) return undefined;
    entry.believedUntilMs = nowMs + believedForMs;
    return entry;
  }

  #fresh(id: string): Entry<Value> | undefined {
    const present = this.#present.get(id);
    const entry = present ?? this.#absent.get(id);
    if (!entry) return undefined;
    const nowMs = this.#options.clock();
    const ageMs = nowMs - entry.readAtMs;
    const believedMs = (entry.believedUntilMs ?? nowMs) - nowMs;
    if (believedMs > 0 && believedMs <= believedForMs) return entry;
    // A negative age means the clock was set back: then nothing is known about how old the entry is.
    if (ageMs < 0 || ageMs >= (present ? this.#options.maxAgeMs : this.#options.absentMaxAgeMs)) return undefined;
    if (present) {
      this.#present.delete(id);
      this.#present.set(id, present);
    }
    return entry;
  }

  async #load(id: string): Promise<Value | undefined> {
    const readAtMs = this.#options.clock();
    const value = await this.#options.load(id);
    this.forget(id);
    const [entries, limit] = value === undefined ? [this.#absent, this.#options.maxAbsent] : [this.#present, this.#options.maxEntries];
    entries.set(id, { value, readAtMs });
    if (entries.size > limit) {
      const [oldest] = entries.keys();
      if (oldest !== undefined) entries.delete(oldest);
    }
    return value;
  }
}
