import type { CacheCounts } from './answer-store.ts';

/** The counts of one day, UTC. */
export interface DayCounts extends CacheCounts {
  /** `2027-01-31`. */
  readonly day: string;
}

/** What an operator can do with the cache. Every method throws when the store fails. */
export interface CacheAdministration {
  /** Removes the answer under a cache key, at once; says whether there was one. */
  removeAnswer(key: string): Promise<boolean>;
  /** Makes every answer along a dimension as good as gone, everywhere within `purgeLagMs`. */
  purge(dimension: string): Promise<void>;
  /** The days from `fromDay` to `toDay`, both included, oldest first; days without a call are absent. */
  countsByDay(fromDay: string, toDay: string): Promise<readonly DayCounts[]>;
}

/** For so long an instance may go on serving what has been purged, in milliseconds. */
export const purgeLagMs = 5_000;
