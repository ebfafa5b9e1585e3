import type { AnswerStore, Claim, Slot } from './answer-store.ts';
import type { CachedAnswer } from './cached-answer.ts';
import { tried } from './outage.ts';

/** A leader that says nothing for so long is taken for dead: the most that its death costs those who wait for it. */
export const leaseMs = 10_000;
/** How often a leader says that it is alive. */
const renewEveryMs = 3_000;
/** First pause between two looks at a slot, doubled each time; drawn anew between half and the whole of it. */
const firstPauseMs = 40;
const longestPauseMs = 500;

/** What a lead needs of the store. */
export type LeaseStore = Pick<AnswerStore, 'renew' | 'keep' | 'abandon'>;

/** What a lead needs of the world. */
export interface LeadPorts {
  readonly store: LeaseStore;
  readonly nowMs: () => number;
  /** Told when the store failed; the call goes on without it. */
  readonly onStoreFailure: (error: unknown) => void;
}

/** What single flight needs of the world. */
export interface FlightPorts extends LeadPorts {
  readonly store: AnswerStore;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** How waiting for a leader ended: it answered, it gave up, or it is dead. */
export type FlightEnd =
  | { readonly kind: 'landed'; readonly answer: CachedAnswer }
  | { readonly kind: 'abandoned' }
  | { readonly kind: 'lapsed'; readonly slot: Slot };

/** The lead on one answer. It must be given up, by `keep` or by `abandon`. */
export class Lead {
  readonly key: string;
  readonly #owner: string;
  readonly #ports: LeadPorts;
  readonly #onLanded: (answer?: CachedAnswer) => void;
  readonly #renewal: NodeJS.Timeout;
  #over = false;

  constructor(key: string, owner: string, ports: LeadPorts, onLanded: (answer?: CachedAnswer) => void = () => {}) {
    this.key = key;
    this.#owner = owner;
    this.#ports = ports;
    this.#onLanded = onLanded;
    this.#renewal = setInterval(() => this.#renew(), renewEveryMs);
    this.#renewal.unref();
  }

  /** Stores the answer; undefined where it was not stored. Never throws. */
  async keep(answer: CachedAnswer) {
    if (!this.#end()) return undefined;
    try {
      const size = await this.#ports.store.keep(this.key, this.#owner, answer);
      return size;
    } catch (error) {
      this.#ports.onStoreFailure(error);
      return undefined;
    } finally {
      // Those who wait in this process get the answer whether or not it was stored.
      this.#onLanded(answer);
    }
  }

  /** Gives up without an answer. Never throws. Harmless when the lead is over. */
  abandon(): Promise<void> {
    return this.end(() => this.#ports.store.abandon(this.key, this.#owner));
  }

  /** Ends the lead in a way of its own. Never throws. Harmless when the lead is over. */
  async end(write: () => Promise<void>): Promise<void> {
    if (!this.#end()) return;
    await write().catch(this.#ports.onStoreFailure);
    this.#onLanded();
  }

  #end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    clearInterval(this.#renewal);
    return true;
  }

  #renew(): void {
    // A renewal that fails costs nothing now; if none succeeds, the lease lapses as it should.
    void this.#ports.store.renew(this.key, this.#owner, this.#ports.nowMs() + leaseMs).catch(this.#ports.onStoreFailure);
  }
}

/** How a try for the lead went. */
export type LeadClaim = { readonly kind: 'leading'; readonly lead: Lead } | Extract<Claim, { kind: 'occupied' }>;

/** Somebody in this very process leads. */
const ledHere: LeadClaim = { kind: 'occupied', slot: { answer: undefined, leaseUntilMs: Number.POSITIVE_INFINITY } };

/** The promise that is under way under a key, or a new one. */
function shared<Value>(underWay: Map<string, Promise<Value>>, key: string, begin: () => Promise<Value>): Promise<Value> {
  const running = underWay.get(key);
  if (running !== undefined) return running;
  const begun = begin().finally(() => underWay.delete(key));
  underWay.set(key, begun);
  return begun;
}

/**
 * Sees to it that of many who want the same missing answer at one time, wherever they run, one asks for it. The leader
 * holds a lease that it renews; the others wait for its answer. One process looks once for all its waiting calls, and
 * not at all while the leader is in the process itself.
 */
export class SingleFlight {
  readonly #ports: FlightPorts;
  readonly #looks = new Map<string, Promise<Slot>>();
  readonly #claims = new Map<string, Promise<LeadClaim>>();
  readonly #watches = new Map<string, Promise<FlightEnd>>();
  /** Keys led from within this process, and those who wait for them here. */
  readonly #led = new Map<string, Promise<CachedAnswer | undefined>>();

  constructor(ports: FlightPorts) {
    this.#ports = ports;
  }

  /**
   * What is under a key; those who look at the same time share a look.
   * @throws whatever the store throws.
   */
  find(key: string): Promise<Slot> {
    return shared(this.#looks, key, () => tried(() => this.#ports.store.find(key, false)));
  }

  /**
   * Tries to take the lead. Of those who try in this process at the same time, one asks the store.
   * @param outdated `storedAtMs` of an answer that is there and cannot be used.
   * @throws whatever the store throws.
   */
  async claim(key: string, owner: string, outdated: number | undefined): Promise<LeadClaim> {
    if (this.#led.has(key)) return ledHere;
    let isMine = false;
    const claim = await shared(this.#claims, key, () => {
      isMine = true;
      return this.#claim(key, owner, outdated);
    });
    return isMine || claim.kind === 'occupied' ? claim : ledHere;
  }

  async #claim(key: string, owner: string, outdated: number | undefined): Promise<LeadClaim> {
    const nowMs = this.#ports.nowMs();
    const claim = await tried(() => this.#ports.store.claim(key, owner, { nowMs, leaseUntilMs: nowMs + leaseMs, outdated }));
    if (claim.kind === 'occupied') return claim;
    const landing = Promise.withResolvers<CachedAnswer | undefined>();
    this.#led.set(key, landing.promise);
    const lead = new Lead(key, owner, this.#ports, (answer) => {
      if (this.#led.get(key) === landing.promise) this.#led.delete(key);
      landing.resolve(answer);
    });
    return { kind: 'leading', lead };
  }

  /**
   * Waits for the answer that somebody else is at work on.
   * @param seen `storedAtMs` of the answer that is being replaced.
   * @throws whatever the store throws.
   */
  follow(key: string, seen: number | undefined): Promise<FlightEnd> {
    return shared(this.#watches, key, () => this.#watch(key, seen));
  }

  async #watch(key: string, seen: number | undefined): Promise<FlightEnd> {
    const led = this.#led.get(key);
    if (led !== undefined) {
      const answer = await led;
      return answer === undefined ? { kind: 'abandoned' } : { kind: 'landed', answer };
    }
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
      await this.#ports.sleep(pauseMs * (0.5 + this.#ports.random() / 2));
      const slot = await tried(() => this.#ports.store.find(key, true));
      const nowMs = this.#ports.nowMs();
      if (slot.leaseUntilMs > nowMs) continue;
      if (slot.answer !== undefined && slot.answer.storedAtMs !== seen) return { kind: 'landed', answer: slot.answer };
      return slot.leaseUntilMs === 0 ? { kind: 'abandoned' } : { kind: 'lapsed', slot };
    }
  }
}
