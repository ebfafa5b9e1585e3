import {
  DeleteVectorsCommand,
  ListVectorsCommand,
  PutVectorsCommand,
  QueryVectorsCommand,
  S3VectorsClient,
} from '@aws-sdk/client-s3vectors';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { S3VectorIndex } from '../../shared/store/vector-index-s3.ts';

const s3 = mockClient(S3VectorsClient);
const indexArn = 'arn:aws:s3vectors:eu-west-1:123456789012:bucket/sluice/index/questions';
const nowMs = 1_800_000_000_000;

beforeEach(() => void s3.reset());
afterAll(() => s3.restore());

const indexOf = (random = 0.5) => new S3VectorIndex({ indexArn, region: 'eu-west-1', nowMs: () => nowMs, random: () => random });
const vector = Float32Array.of(0.5, 0.25);
const found = (answerKey: string, distance: number, more: object = {}) => ({
  key: `p.${answerKey}`,
  distance,
  metadata: { partition: 'p', answerKey, expiresAtMs: nowMs + 1, ...more },
});
const entry = { key: 'k', vector, expiresAtMs: nowMs + 60_000 };

describe('the vector index in S3 Vectors', () => {
  it('asks for the nearest of one partition that have not expired', async () => {
    s3.on(QueryVectorsCommand).resolves({ distanceMetric: 'cosine', vectors: [] });
    expect(await indexOf().nearest('p', vector, 0.9)).toEqual([]);
    const [call] = s3.commandCalls(QueryVectorsCommand);
    expect(call?.args[0].input).toEqual({
      indexArn,
      queryVector: { float32: [0.5, 0.25] },
      topK: 3,
      filter: { $and: [{ partition: { $eq: 'p' } }, { expiresAtMs: { $gt: nowMs } }] },
      returnDistance: true,
      returnMetadata: true,
    });
  });

  it('tells similarity for distance, the nearest first and none below the threshold', async () => {
    s3.on(QueryVectorsCommand).resolves({ distanceMetric: 'cosine', vectors: [found('b', 0.04), found('a', 0.01), found('c', 0.2)] });
    const neighbours = await indexOf().nearest('p', vector, 0.9);
    expect(neighbours.map(({ key }) => key)).toEqual(['a', 'b']);
    expect(neighbours[0]?.similarity).toBeCloseTo(0.99, 10);
  });

  it('takes nothing of another partition, expired or unreadable, whatever the service finds', async () => {
    s3.on(QueryVectorsCommand).resolves({
      distanceMetric: 'cosine',
      vectors: [
        found('foreign', 0, { partition: 'q' }),
        found('expired', 0, { expiresAtMs: nowMs }),
        { key: 'bare', distance: 0 },
        found('good', 0.01),
      ],
    });
    expect((await indexOf().nearest('p', vector, 0.9)).map(({ key }) => key)).toEqual(['good']);
  });

  it('puts a vector with all that it is found by, under a name that a repetition shares', async () => {
    s3.on(PutVectorsCommand).resolves({});
    await indexOf().add('p', entry);
    expect(s3.commandCalls(PutVectorsCommand).map(({ args }) => args[0].input)).toEqual([
      {
        indexArn,
        vectors: [
          {
            key: 'p.k',
            data: { float32: [0.5, 0.25] },
            metadata: { partition: 'p', answerKey: 'k', expiresAtMs: nowMs + 60_000 },
          },
        ],
      },
    ]);
    expect(s3.commandCalls(ListVectorsCommand)).toHaveLength(0);
  });

  it('takes out what has expired, a page at a time, by the hand of one writer in a hundred', async () => {
    s3.on(PutVectorsCommand).resolves({});
    s3.on(DeleteVectorsCommand).resolves({});
    s3.on(ListVectorsCommand)
      .resolvesOnce({ vectors: [found('old', 0, { expiresAtMs: nowMs }), found('new', 0)], nextToken: 'next' })
      .resolvesOnce({ vectors: [found('newer', 0)] });
    const index = indexOf(0.0099);
    await index.add('p', entry);
    await index.add('p', entry);
    expect(s3.commandCalls(ListVectorsCommand).map(({ args }) => args[0].input)).toEqual([
      { indexArn, maxResults: 500, returnMetadata: true, nextToken: undefined },
      { indexArn, maxResults: 500, returnMetadata: true, nextToken: 'next' },
    ]);
    expect(s3.commandCalls(DeleteVectorsCommand).map(({ args }) => args[0].input)).toEqual([{ indexArn, keys: ['p.old'] }]);
  });

  it('begins again after a page that the service refused', async () => {
    s3.on(PutVectorsCommand).resolves({});
    s3.on(ListVectorsCommand)
      .resolvesOnce({ vectors: [], nextToken: 'outdated' })
      .rejectsOnce(new Error('no such token'))
      .resolvesOnce({ vectors: [] });
    const index = indexOf(0);
    await index.add('p', entry);
    await expect(index.add('p', entry)).rejects.toThrow('no such token');
    await index.add('p', entry);
    expect(s3.commandCalls(ListVectorsCommand).map(({ args }) => args[0].input.nextToken)).toEqual([undefined, 'outdated', undefined]);
  });

  it('fails when the service does', async () => {
    s3.on(QueryVectorsCommand).rejects(new Error('throttled'));
    await expect(indexOf().nearest('p', vector, 0.9)).rejects.toThrow('throttled');
  });
});
