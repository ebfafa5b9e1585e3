import type { DialectName } from '../calls/call.ts';

/** How often each kind of answer was purged, by dimension; a dimension that is absent counts 0. See {@link isPurged}. */
export type Generations = Readonly<Record<string, number>>;

/** In the place of a dialect: what a model answered to a call that was translated, which any dialect can tell. */
export const translatedAnswer = 'translated';

/** A whole answer as it is kept. */
export interface CachedAnswer {
  readonly dialect: DialectName | typeof translatedAnswer;
  /** The body of the answer, as JSON text: the provider's own bytes, or assembled from its stream. */
  readonly body: string;
  /** The call that was answered, by its `x-sluice-request-id`; undefined in what older versions stored. */
  readonly sourceId?: string | undefined;
  /** `provider/model` that answered. */
  readonly target: string;
  /** When the answer was complete, in milliseconds since the epoch. */
  readonly storedAtMs: number;
  /** Until when it is fresh, by the policy of the call that stored it. */
  readonly freshUntilMs: number;
  /** Until when it may be served stale; never before `freshUntilMs`. */
  readonly keptUntilMs: number;
  /** What the original cost: what a hit saves. Undefined where no price is known. */
  readonly costNanoUsd: number | undefined;
  /** How long the original took, in milliseconds. */
  readonly durationMs: number;
  /** The generations that held when the original was asked. */
  readonly generations: Generations;
  /** An entity tag (RFC 9110 section 8.8.3), quotes included. */
  readonly etag: string;
  /** How near the question it was given to is to this one, where they are not the same. */
  readonly similarity?: number | undefined;
  /** The cache key of that question, with whose answer this one comes and goes. */
  readonly likeKey?: string | undefined;
}

/** How much longer the original took than the call it was served to, in whole milliseconds. */
export function savedMsBy(answer: Pick<CachedAnswer, 'durationMs'>, tookMs: number): number {
  return Math.max(0, Math.round(answer.durationMs - tookMs));
}

/** Dimensions along which answers can be purged. */
export const everything = 'all';
export const namespaceDimension = (namespace: string): string => `namespace:${namespace}`;
export const modelDimension = (model: string): string => `model:${model}`;

/** The generations of an answer's dimensions, without those that were never purged. */
export function generationsAlong(dimensions: readonly string[], current: Generations): Generations {
  const purged = [everything, ...dimensions].filter((dimension) => (current[dimension] ?? 0) > 0);
  return Object.fromEntries(purged.map((dimension) => [dimension, current[dimension] ?? 0]));
}

/** Whether an answer was purged along one of the dimensions that its reader goes by. */
export function isPurged(answer: Pick<CachedAnswer, 'generations'>, dimensions: readonly string[], current: Generations): boolean {
  return [everything, ...dimensions].some((dimension) => (answer.generations[dimension] ?? 0) < (current[dimension] ?? 0));
}
