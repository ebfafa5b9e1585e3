import type { ListOutputVector, QueryOutputVector, S3VectorsClient } from '@aws-sdk/client-s3vectors';
import * as z from 'zod';
import { type IndexedVector, mostNeighbours, type Neighbour, type VectorIndex } from '../cache/vector-index.ts';

/** Where the index is and who asks. */
export interface S3VectorIndexOptions {
  readonly indexArn: string;
  readonly region: string;
  /** Those that the SDK finds where there are none. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string } | undefined;
  readonly nowMs: () => number;
  /** From 0 to below 1; decides which writer tidies up. */
  readonly random: () => number;
}

/** One in so many writers looks through a page of the index. A page is longer than this, so that tidying up keeps pace. */
const tidyEvery = 100;
const pageSize = 500;
/** The service answers within a tenth of a second when it is in use, and within one when it was not. */
const timeoutMs = 2_000;

/** Everything here can be filtered by; S3 Vectors takes 2 KB of it: https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors-limitations.html */
const metadataSchema = z.object({ partition: z.string(), answerKey: z.string(), expiresAtMs: z.number() });

/**
 * Questions by their meaning in Amazon S3 Vectors: one index for all partitions, told apart by a filter that every query
 * carries, so that nothing is found across tenants. The nearest are found approximately, among any number of vectors. All
 * vectors of an index have as many numbers as it was made for; the service refuses others.
 */
export class S3VectorIndex implements VectorIndex {
  readonly #options: S3VectorIndexOptions;
  #client: S3VectorsClient | undefined;
  /** Where tidying up goes on. */
  #page: string | undefined;

  constructor(options: S3VectorIndexOptions) {
    this.#options = options;
  }

  async nearest(partition: string, vector: Float32Array, threshold: number): Promise<readonly Neighbour[]> {
    const { QueryVectorsCommand } = await sdk();
    const nowMs = this.#options.nowMs();
    const { vectors = [] } = await (await this.#connected()).send(
      new QueryVectorsCommand({
        indexArn: this.#options.indexArn,
        queryVector: { float32: [...vector] },
        topK: mostNeighbours,
        filter: { $and: [{ partition: { $eq: partition } }, { expiresAtMs: { $gt: nowMs } }] },
        returnDistance: true,
        returnMetadata: true,
      }),
      { abortSignal: AbortSignal.timeout(timeoutMs) },
    );
    return vectors
      .map((found) => neighbourOf(found, partition, nowMs))
      .filter((found) => found !== undefined)
      .filter(({ similarity }) => similarity >= threshold)
      .sort((one, other) => other.similarity - one.similarity);
  }

  async add(partition: string, { key, vector, expiresAtMs }: IndexedVector): Promise<void> {
    const { PutVectorsCommand } = await sdk();
    const metadata: z.infer<typeof metadataSchema> = { partition, answerKey: key, expiresAtMs };
    await (await this.#connected()).send(
      new PutVectorsCommand({
        indexArn: this.#options.indexArn,
        // Asked again, the same question takes its own place.
        vectors: [{ key: `${partition}.${key}`, data: { float32: [...vector] }, metadata }],
      }),
      { abortSignal: AbortSignal.timeout(timeoutMs) },
    );
    if (this.#options.random() * tidyEvery < 1) await this.#tidy();
  }

  /** S3 Vectors lets nothing expire, so writers take out what has, a page at a time. */
  async #tidy(): Promise<void> {
    const { DeleteVectorsCommand, ListVectorsCommand } = await sdk();
    const client = await this.#connected();
    const { indexArn } = this.#options;
    const from = this.#page;
    // A place that the service no longer knows is not gone back to.
    this.#page = undefined;
    const { vectors = [], nextToken } = await client.send(
      new ListVectorsCommand({ indexArn, maxResults: pageSize, returnMetadata: true, nextToken: from }),
      { abortSignal: AbortSignal.timeout(timeoutMs) },
    );
    this.#page = nextToken;
    const keys = vectors.filter((listed) => this.#isExpired(listed)).flatMap(({ key }) => (key === undefined ? [] : [key]));
    if (keys.length === 0) return;
    await client.send(new DeleteVectorsCommand({ indexArn, keys }), { abortSignal: AbortSignal.timeout(timeoutMs) });
  }

  #isExpired({ metadata }: ListOutputVector): boolean {
    const read = metadataSchema.safeParse(metadata);
    return read.success && read.data.expiresAtMs <= this.#options.nowMs();
  }

  async #connected(): Promise<S3VectorsClient> {
    const { S3VectorsClient: Client } = await sdk();
    const { region, credentials } = this.#options;
    this.#client ??= new Client({ region, maxAttempts: 2, ...(credentials && { credentials }) });
    return this.#client;
  }
}

/** The SDK's client, which only those need who use it. */
function sdk(): Promise<typeof import('@aws-sdk/client-s3vectors')> {
  return import('@aws-sdk/client-s3vectors');
}

/** What the query found, where it is what was asked for: neither another partition nor an expired vector gets past this. */
function neighbourOf({ distance, metadata }: QueryOutputVector, partition: string, nowMs: number): Neighbour | undefined {
  const read = metadataSchema.safeParse(metadata);
  if (!read.success || distance === undefined || read.data.partition !== partition || read.data.expiresAtMs <= nowMs) return undefined;
  // The cosine distance is 1 less the cosine similarity.
  return { key: read.data.answerKey, similarity: 1 - distance };
}
