import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { S3VectorIndex } from '../../shared/store/vector-index-s3.ts';
import { refuse, startVectors, type TestVectors, type VectorsFault } from '../support/s3-vectors.ts';

const indexArn = 'arn:aws:s3vectors:eu-west-1:123456789012:bucket/sluice/index/questions';
const nowMs = 1_800_000_000_000;
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example-secret' };
let s3: TestVectors;

beforeAll(async () => {
  s3 = await startVectors({ indexArn, dimension: 3 });
  vi.stubEnv('AWS_ENDPOINT_URL_S3VECTORS', s3.url);
});
beforeEach(() => {
  s3.received.length = 0;
  s3.vectors.clear();
});
afterEach(() => s3.fault(undefined));
afterAll(async () => {
  vi.unstubAllEnvs();
  await s3.close();
});

const indexOf = (random = 0.5) =>
  new S3VectorIndex({ indexArn, region: 'eu-west-1', credentials, nowMs: () => nowMs, random: () => random });
const unit = (...values: number[]) => Float32Array.from(values, (value) => value / Math.hypot(...values));
const expiresAtMs = nowMs + 60_000;
const operations = () => s3.received.map(({ operation }) => operation);

describe('the vector index in S3 Vectors', () => {
  it('finds what was put, the nearest first, with the cosine for similarity, and none below the threshold', async () => {
    const index = indexOf();
    await index.add('p', { key: 'far', vector: unit(0, 1, 0), expiresAtMs });
    await index.add('p', { key: 'near', vector: unit(1, 0.3, 0), expiresAtMs });
    await index.add('p', { key: 'nearest', vector: unit(1, 0.1, 0), expiresAtMs });
    const found = await index.nearest('p', unit(1, 0, 0), 0.9);
    expect(found.map(({ key }) => key)).toEqual(['nearest', 'near']);
    expect(found[0]?.similarity).toBeCloseTo(1 / Math.hypot(1, 0.1), 6);
    expect(s3.received.every(({ headers }) => headers['content-type'] === 'application/json')).toBe(true);
  });

  it('finds nothing of another partition nor what has expired', async () => {
    const index = indexOf();
    await index.add('q', { key: 'foreign', vector: unit(1, 0, 0), expiresAtMs });
    await index.add('p', { key: 'expired', vector: unit(1, 0, 0), expiresAtMs: nowMs });
    expect(await index.nearest('p', unit(1, 0, 0), 0.5)).toEqual([]);
    expect(s3.received.at(-1)?.body.filter).toEqual({ $and: [{ partition: { $eq: 'p' } }, { expiresAtMs: { $gt: nowMs } }] });
  });

  it('takes nothing of another partition, expired or unreadable, even from a service that minds no filter', async () => {
    const of = (answerKey: string, more: object = {}) => ({
      key: `p.${answerKey}`,
      distance: 0.01,
      metadata: { partition: 'p', answerKey, expiresAtMs, ...more },
    });
    const vectors = [of('foreign', { partition: 'q' }), of('expired', { expiresAtMs: nowMs }), { key: 'bare', distance: 0 }, of('good')];
    s3.fault((_request, response) => Boolean(response.end(JSON.stringify({ vectors, distanceMetric: 'cosine' }))));
    expect((await indexOf().nearest('p', unit(1, 0, 0), 0.9)).map(({ key }) => key)).toEqual(['good']);
  });

  it('puts the same question in its own place again', async () => {
    const index = indexOf();
    await index.add('p', { key: 'k', vector: unit(1, 0, 0), expiresAtMs });
    await index.add('p', { key: 'k', vector: unit(1, 0, 0), expiresAtMs: expiresAtMs + 1 });
    expect([...s3.vectors.values()].map(({ metadata }) => metadata)).toEqual([
      { partition: 'p', answerKey: 'k', expiresAtMs: expiresAtMs + 1 },
    ]);
    expect(operations()).toEqual(['PutVectors', 'PutVectors']);
  });

  it('stays far within what the service takes of names and metadata', async () => {
    const hash = 'a'.repeat(64);
    await indexOf().add(hash, { key: hash, vector: unit(1, 0, 0), expiresAtMs: Number.MAX_SAFE_INTEGER });
    const [[key, kept] = []] = [...s3.vectors];
    expect(key?.length).toBeLessThan(1_024 / 4);
    expect(Buffer.byteLength(JSON.stringify(kept?.metadata))).toBeLessThan(2_048 / 4);
  });

  it('takes out what has expired, a page at a time, by the hand of one writer in a hundred', async () => {
    const plain = indexOf();
    for (let count = 0; count < 600; count += 1) {
      const metadata = { partition: 'p', answerKey: String(count), expiresAtMs: count % 2 === 0 ? nowMs : expiresAtMs };
      s3.vectors.set(`p.${String(count).padStart(4, '0')}`, {
        key: `p.${String(count).padStart(4, '0')}`,
        data: { float32: [1, 0, 0] },
        metadata,
      });
    }
    await plain.add('p', { key: 'one', vector: unit(1, 0, 0), expiresAtMs });
    expect(operations()).toEqual(['PutVectors']);
    const tidy = indexOf(0.0099);
    await tidy.add('p', { key: 'two', vector: unit(1, 0, 0), expiresAtMs });
    expect(s3.vectors.size).toBe(602 - 250);
    await tidy.add('p', { key: 'three', vector: unit(1, 0, 0), expiresAtMs });
    expect(s3.vectors.size).toBe(603 - 300);
    // What is not ours is left alone.
    s3.vectors.set('foreign', { key: 'foreign', data: { float32: [1, 0, 0] } });
    await tidy.add('p', { key: 'four', vector: unit(1, 0, 0), expiresAtMs });
    expect(s3.vectors.has('foreign')).toBe(true);
  });

  it('begins again after a page that the service refused', async () => {
    const tokens: unknown[] = [];
    s3.fault((request, response) => {
      if (request.operation !== 'ListVectors') return false;
      tokens.push(request.body.nextToken);
      if (tokens.length === 2) refuse(response, 400, 'ValidationException', 'Invalid next token');
      else response.end(JSON.stringify({ vectors: [], nextToken: 'next' }));
      return true;
    });
    const index = indexOf(0);
    const entry = { key: 'k', vector: unit(1, 0, 0), expiresAtMs };
    await index.add('p', entry);
    await expect(index.add('p', entry)).rejects.toThrow('Invalid next token');
    await index.add('p', entry);
    expect(tokens).toEqual([undefined, 'next', undefined]);
  });

  it('is refused vectors of another length', async () => {
    await expect(indexOf().add('p', { key: 'k', vector: unit(1, 0), expiresAtMs })).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(indexOf().nearest('p', unit(1, 0), 0.9)).rejects.toMatchObject({ name: 'ValidationException' });
  });

  const refusing =
    (...[status, type, message]: [number, string, string]): VectorsFault =>
    (_request, response) => {
      refuse(response, status, type, message);
      return true;
    };
  const faults: Record<string, VectorsFault> = {
    'refuses for lack of a right': refusing(403, 'AccessDeniedException', 'no'),
    'has lost the index': refusing(404, 'NotFoundException', 'gone'),
    throttles: refusing(429, 'TooManyRequestsException', 'slow down'),
    'is unavailable': refusing(503, 'ServiceUnavailableException', 'later'),
    'answers what is no JSON': (_request, response) => Boolean(response.end('<html>oops</html>')),
    'answers half': (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"vectors": [');
      response.destroy();
      return true;
    },
    'says nothing': () => true,
  };
  it.each(Object.entries(faults))('fails within its patience when the service %s', async (_name, fault) => {
    s3.fault(fault);
    const begunAt = performance.now();
    await expect(indexOf().nearest('p', unit(1, 0, 0), 0.9)).rejects.toThrow();
    expect(performance.now() - begunAt).toBeLessThan(4_000);
    await pause(0);
    expect(s3.received.length).toBeLessThanOrEqual(2);
  });

  it('tries once more when it is throttled', async () => {
    let requests = 0;
    s3.fault((_request, response) => {
      requests += 1;
      if (requests === 1) refuse(response, 429, 'TooManyRequestsException', 'slow down');
      return requests === 1;
    });
    expect(await indexOf().nearest('p', unit(1, 0, 0), 0.9)).toEqual([]);
    expect(requests).toBe(2);
  });
});
