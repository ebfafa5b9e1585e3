import type { CacheAdministration } from '../cache/cache-administration.ts';
import { DynamoAnswers } from './cache-answers.ts';
import { DynamoCacheCounts } from './cache-counts.ts';
import { DynamoGenerations } from './cache-generations.ts';
import type { CacheTable } from './cache-items.ts';

/** What an operator can do with the cache in a table. */
export function cacheAdministration(place: CacheTable, clock: () => number): CacheAdministration {
  const answers = new DynamoAnswers(place);
  const generations = new DynamoGenerations(place, clock);
  const counts = new DynamoCacheCounts(place);
  return {
    removeAnswer: (key) => answers.remove(key),
    purge: (dimension) => generations.advance(dimension),
    countsByDay: (fromDay, toDay) => counts.read(fromDay, toDay),
  };
}
