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
  /** How many absences are kept, apart from the values, so that a flood of wrong ids pushes no value out. */
  readonly maxAbsent: number;
}

interface Entry<Value> {
  readonly value: Value | undefined;
  readonly readAtMs: number;
}

/**
 * A read-through cache with a hard bound on staleness: nothing older than `maxAgeMs` is ever returned.
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
    return known ? known.value : this.read(id);
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

  #fresh(id: string): Entry<Value> | undefined {
    const present = this.#present.get(id);
    const entry = present ?? this.#absent.get(id);
    if (!entry) return undefined;
    const ageMs = this.#options.clock() - entry.readAtMs;
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
