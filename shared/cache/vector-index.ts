/** A question that was answered, as a point among those that may be the same. */
export interface IndexedVector {
  /** The cache key of its answer. */
  readonly key: string;
  /** Of length 1. */
  readonly vector: Float32Array;
  readonly expiresAtMs: number;
}

/** A question near another one. */
export interface Neighbour {
  readonly key: string;
  /** Cosine of the angle between the two, 1 for the same direction. */
  readonly similarity: number;
}

/**
 * Finds questions of like meaning. A partition holds those that differ in nothing but the words of the last turn, for one
 * tenant, so that nothing is ever compared across tenants. Both methods throw when the store fails.
 */
export interface VectorIndex {
  /** The nearest ones first, none below the threshold. */
  nearest(partition: string, vector: Float32Array, threshold: number): Promise<readonly Neighbour[]>;
  add(partition: string, entry: IndexedVector): Promise<void>;
}

/** Keeps the vectors of a partition, for an index that compares with all of them. */
export interface VectorStore {
  /**
   * Those added after `cursor`, oldest first, some perhaps again, and where to go on from. Without a cursor the latest
   * ones, some `most` of them.
   */
  readSince(
    partition: string,
    cursor: string | undefined,
    most: number,
  ): Promise<{ readonly entries: readonly IndexedVector[]; readonly cursor: string | undefined }>;
  write(partition: string, entry: IndexedVector): Promise<void>;
}

/** Vectors of a partition that are compared with; the oldest go first. A comparison with so many takes a few milliseconds. */
const mostVectors = 2_000;
/** What is kept in memory over all partitions; the least recently used go first. */
const mostBytes = 64 * 1024 * 1024;
/** The nearest may lead to an answer that is gone by now: then the next one counts. */
export const mostNeighbours = 5;

interface Partition {
  entries: IndexedVector[];
  cursor: string | undefined;
}

/** Compares with every vector of a partition, in this process. What others add is read with the next question. */
export class ExactVectorIndex implements VectorIndex {
  readonly #store: VectorStore;
  readonly #nowMs: () => number;
  /** Least recently used first. */
  readonly #partitions = new Map<string, Partition>();

  constructor(store: VectorStore, nowMs: () => number) {
    this.#store = store;
    this.#nowMs = nowMs;
  }

  async nearest(partition: string, vector: Float32Array, threshold: number): Promise<readonly Neighbour[]> {
    const known = this.#use(partition);
    const { entries, cursor } = await this.#store.readSince(partition, known.cursor, mostVectors);
    const nowMs = this.#nowMs();
    known.entries = latestOfEach([...known.entries, ...entries])
      .filter(({ expiresAtMs }) => expiresAtMs > nowMs)
      .slice(-mostVectors);
    known.cursor = cursor;
    this.#makeRoom(known);
    return known.entries
      .filter((entry) => entry.vector.length === vector.length)
      .map((entry) => ({ key: entry.key, similarity: dot(entry.vector, vector) }))
      .filter(({ similarity }) => similarity >= threshold)
      .sort((one, other) => other.similarity - one.similarity)
      .slice(0, mostNeighbours);
  }

  add(partition: string, entry: IndexedVector): Promise<void> {
    return this.#store.write(partition, entry);
  }

  #use(partition: string): Partition {
    const known = this.#partitions.get(partition) ?? { entries: [], cursor: undefined };
    this.#partitions.delete(partition);
    this.#partitions.set(partition, known);
    return known;
  }

  #makeRoom(used: Partition): void {
    let bytes = 0;
    for (const { entries } of this.#partitions.values()) bytes += bytesOf(entries);
    for (const [name, partition] of this.#partitions) {
      if (bytes <= mostBytes) return;
      if (partition === used) continue;
      bytes -= bytesOf(partition.entries);
      this.#partitions.delete(name);
    }
  }
}

/** What was added of late is read twice, and a question that was answered anew was added anew. */
function latestOfEach(entries: readonly IndexedVector[]): IndexedVector[] {
  const latest = new Map<string, IndexedVector>();
  for (const entry of entries) {
    latest.delete(entry.key);
    latest.set(entry.key, entry);
  }
  return [...latest.values()];
}

function bytesOf(entries: readonly IndexedVector[]): number {
  return entries.length * (entries[0]?.vector.byteLength ?? 0);
}

function dot(one: Float32Array, other: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < one.length; index += 1) sum += (one[index] ?? 0) * (other[index] ?? 0);
  return sum;
}

/** A vector of length 1 in the same direction; undefined for one of no length, or of what is no number. */
export function unitVector(values: readonly number[]): Float32Array | undefined {
  const length = Math.hypot(...values);
  return length > 0 && Number.isFinite(length) ? Float32Array.from(values, (value) => value / length) : undefined;
}
