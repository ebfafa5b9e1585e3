import type { AnswerStore, CacheStatistics, GenerationSource } from '../cache/answer-store.ts';
import type { SemanticSettings } from '../cache/cache-settings.ts';
import type { Outage } from '../cache/outage.ts';
import type { SingleFlight } from '../cache/single-flight.ts';
import type { VectorIndex } from '../cache/vector-index.ts';
import type { Call } from '../calls/call.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { Target } from '../routing/plan.ts';
import type { Log } from '../telemetry/log.ts';
import type { Exchange } from './exchange.ts';

/** What the cache works with, from one request to the next. */
export interface CacheParts {
  readonly answers: AnswerStore;
  readonly generations: GenerationSource;
  readonly flight: SingleFlight;
  readonly statistics: CacheStatistics;
  readonly outage: Outage;
  /** Questions by their meaning, which may be kept by another service than the answers. */
  readonly vectors: VectorIndex;
  readonly vectorOutage: Outage;
  /** Whether a target is asked in another dialect than the caller's, by translation. */
  readonly translates: (target: Target, dialect: Dialect, call: Call) => boolean;
  readonly log: Log;
  readonly nowMs: () => number;
}

/** A question as a point. */
export interface Embedded {
  /** Of length 1. */
  readonly vector: Float32Array;
  /** `provider/model` that made it: vectors of another one are points of another space. */
  readonly madeBy: string;
}

/** Makes a point of a question; undefined where there is no room for that. */
export type Embed = (exchange: Exchange, settings: SemanticSettings, text: string) => Promise<Embedded | undefined>;
