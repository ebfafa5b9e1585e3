import { setTimeout as sleep } from 'node:timers/promises';
import { Outage } from '../../shared/cache/outage.ts';
import { SingleFlight } from '../../shared/cache/single-flight.ts';
import type { VectorIndex } from '../../shared/cache/vector-index.ts';
import { type Environment, storeConnection } from '../../shared/config/environment.ts';
import type { CacheParts } from '../../shared/middleware/cache-parts.ts';
import type { IdempotencyParts } from '../../shared/middleware/idempotency.ts';
import { once } from '../../shared/middleware/once.ts';
import { DynamoAnswers } from '../../shared/store/cache-answers.ts';
import { DynamoCacheCounts } from '../../shared/store/cache-counts.ts';
import { DynamoGenerations } from '../../shared/store/cache-generations.ts';
import { DynamoIdempotency } from '../../shared/store/cache-idempotency.ts';
import type { CacheTable } from '../../shared/store/cache-items.ts';
import { describeError, type Log } from '../../shared/telemetry/log.ts';
import { translates } from './transports.ts';

/** The cache and the idempotency keys, on one table. */
export function wireCache(
  place: CacheTable,
  { environment, log, nowMs }: { readonly environment: Environment; readonly log: Log; readonly nowMs: () => number },
): { readonly cache: CacheParts; readonly idempotency: IdempotencyParts } {
  const answers = new DynamoAnswers(place);
  const wallMs = (): number => Math.floor(nowMs());
  const flight = new SingleFlight({
    store: answers,
    nowMs: wallMs,
    random: Math.random,
    sleep: (ms) => sleep(ms),
    onStoreFailure: (error) => log.write('warn', 'cache failed', { cause: describeError(error) }),
  });
  return {
    cache: {
      answers,
      generations: new DynamoGenerations(place, Date.now),
      flight,
      statistics: new DynamoCacheCounts(place),
      outage: new Outage(),
      vectorOutage: new Outage(),
      translates,
      vectors: loadedLater(() => vectorIndex(place, environment, wallMs)),
      log,
      nowMs,
    },
    idempotency: { store: new DynamoIdempotency(place), log, nowMs: wallMs },
  };
}

/** An index that the first question by meaning opens. */
function loadedLater(open: () => Promise<VectorIndex>): VectorIndex {
  const index = once(open);
  return {
    nearest: async (...question) => (await index()).nearest(...question),
    add: async (...entry) => (await index()).add(...entry),
  };
}

/** S3 Vectors where the stack has an index there, and else the exact one in the cache table. */
async function vectorIndex(place: CacheTable, environment: Environment, nowMs: () => number): Promise<VectorIndex> {
  const { SLUICE_VECTOR_INDEX_ARN: indexArn } = environment;
  if (indexArn === undefined) {
    const [{ ExactVectorIndex }, { DynamoVectors }] = await Promise.all([
      import('../../shared/cache/vector-index.ts'),
      import('../../shared/store/cache-vectors.ts'),
    ]);
    return new ExactVectorIndex(new DynamoVectors(place, Date.now), nowMs);
  }
  const { region, credentials } = storeConnection(environment);
  const { S3VectorIndex } = await import('../../shared/store/vector-index-s3.ts');
  return new S3VectorIndex({ indexArn, region, credentials, nowMs, random: Math.random });
}
