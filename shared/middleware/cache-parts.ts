import type { AnswerStore, CacheStatistics, GenerationSource } from '../cache/answer-store.ts';
import type { SemanticSettings } from '../cache/cache-settings.ts';
import type { Outage } from '../cache/outage.ts';
import type { SingleFlight } from '../cache/single-flight.ts';
import type { VectorIndex } from '../cache/vector-index.ts';
import type { Log } from '../telemetry/log.ts';
import type { Exchange } from './exchange.ts';

/** What the cache works with, from one request to the next. */
export interface CacheParts {
  readonly answers: AnswerStore;
  readonly generations: GenerationSource;
  readonly flight: SingleFlight;
  readonly statistics: CacheStatistics;
  readonly outage: Outage;
  /** Questions by their meaning. */
  readonly vectors: VectorIndex;
  readonly log: Log;
  readonly nowMs: () => number;
}

/** Makes a vector of length 1 of a question; undefined where there is no room for that. */
export type Embed = (exchange: Exchange, settings: SemanticSettings, text: string) => Promise<Float32Array | undefined>;
