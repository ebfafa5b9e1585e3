import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { refuse, startVectors, type TestVectors, type VectorsRequest } from '../support/s3-vectors.ts';
import { answerJson, configFor, pause, startUpstream, type TestUpstream } from '../support/upstream.ts';

const indexArn = 'arn:aws:s3vectors:eu-west-1:123456789012:bucket/sluice/index/questions';
let answers = 0;
let upstream: TestUpstream;
let s3: TestVectors;
let gateway: TestGateway;

/** The numbers in a text, so that a test says itself how near two questions are. */
const embeddingOf = (text: string): number[] => [...text.matchAll(/-?\d+(?:\.\d+)?/g)].slice(0, 3).map(([number]) => Number(number));

beforeAll(async () => {
  s3 = await startVectors({ indexArn, dimension: 3 });
  upstream = await startUpstream((request, response) =>
    request.path.endsWith('/embeddings')
      ? answerJson(200, {
          object: 'list',
          data: [{ index: 0, embedding: embeddingOf(JSON.parse(request.body).input) }],
          usage: { prompt_tokens: 1 },
        })(request, response)
      : answerJson(200, {
          id: 'chatcmpl-1',
          object: 'chat.completion',
          created: 1,
          model: 'm',
          choices: [{ index: 0, message: { role: 'assistant', content: `answer ${++answers}` }, finish_reason: 'stop' }],
          usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
        })(request, response),
  );
  gateway = await startGateway({
    config: configFor(upstream, {
      defaults: { retries: 0 },
      models: {
        alike: { targets: ['up/m'], cache: { ttl_seconds: 3600, semantic: { model: 'up/embedder', threshold: 0.9 } } },
        brief: { targets: ['up/m'], cache: { ttl_seconds: 2, semantic: { model: 'up/embedder', threshold: 0.9 } } },
      },
    }),
    environment: {
      UP_KEY: 'provider-secret',
      SLUICE_VECTOR_INDEX_ARN: indexArn,
      AWS_ENDPOINT_URL_S3VECTORS: s3.url,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'example-secret',
    },
  });
});
afterAll(async () => {
  await gateway?.close();
  await Promise.all([upstream?.close(), s3?.close()]);
});
afterEach(() => s3.fault(undefined));

async function ask(
  content: string,
  { model = 'alike', key = gateway.key, headers = {} }: { model?: string; key?: string; headers?: object } = {},
) {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}`, ...headers },
    body: JSON.stringify({ model, messages: [{ role: 'user', content }] }),
  });
  const cache = response.headers.get('x-sluice-cache');
  return { status: response.status, cache, similarity: response.headers.get('x-sluice-cache-similarity'), text: await response.text() };
}

/** Asks what was not asked before, and waits until its vector is in the index. */
async function stored(content: string, options: Parameters<typeof ask>[1] = {}) {
  const before = s3.received.filter(({ operation }) => operation === 'PutVectors').length;
  const first = await ask(content, options);
  await expect.poll(() => s3.received.filter(({ operation }) => operation === 'PutVectors').length).toBe(before + 1);
  return first;
}

describe('the semantic cache on S3 Vectors', () => {
  it('answers a question of the same meaning, for the same tenant only', async () => {
    const first = await stored('at 1 0 0');
    const alike = await ask('near 1 0.1 0');
    expect(alike).toMatchObject({ status: 200, cache: 'semantic', text: first.text });
    expect(Number(alike.similarity)).toBeCloseTo(1 / Math.hypot(1, 0.1), 3);
    expect((await ask('off 1 1 0')).cache).toBe('miss');
    const { key } = await gateway.createKey({ name: 'stranger', team: 'other' });
    expect((await ask('near 1 0.1 0.01', { key })).cache).toBe('miss');
  });

  it('never serves what has expired', async () => {
    await stored('at 0 1 0', { model: 'brief' });
    expect((await ask('near 0 1 0.1', { model: 'brief' })).cache).toBe('semantic');
    await pause(2_100);
    expect((await ask('near 0 1 0.11', { model: 'brief' })).cache).toBe('miss');
  });

  it('begins a new space with a purge, in which nothing old is in the way', async () => {
    /** A direction so many degrees off the axis, and so many around it. */
    const at = (off: number, around: number) => {
      const [tilt, turn] = [(off * Math.PI) / 180, (around * Math.PI) / 180];
      return [Math.sin(tilt) * Math.cos(turn), Math.sin(tilt) * Math.sin(turn), -Math.cos(tilt)].map((value) => value.toFixed(6)).join(' ');
    };
    // As many as are looked at, all nearer to the axis than what is asked anew, and too far from one another to be likened.
    for (const around of [0, 72, 144, 216, 288]) expect((await stored(`old ${at(25, around)}`)).cache).toBe('miss');
    expect((await ask(`before ${at(0, 0)}`)).cache).toBe('semantic');
    await gateway.admin('DELETE', '/admin/cache?model=alike');
    await pause(5_200);
    expect((await stored(`new ${at(25.5, 0)}`)).cache).toBe('miss');
    expect((await ask(`after ${at(0.01, 0)}`)).cache).toBe('semantic');
  });

  it.each<[string, (request: VectorsRequest, response: ServerResponse) => void]>([
    ['says nothing', () => {}],
    ['refuses', (_request, response) => refuse(response, 403, 'AccessDeniedException', 'no')],
    ['throttles', (_request, response) => refuse(response, 429, 'TooManyRequestsException', 'slow down')],
    ['talks nonsense', (_request, response) => void response.end('<html>')],
    [
      'finds the oddest things',
      (_request, response) =>
        void response.end(JSON.stringify({ vectors: [{ key: 'x', distance: 0, metadata: 7 }], distanceMetric: 'cosine' })),
    ],
  ])(
    'fails no call when the service %s, and is then left alone for a while',
    async (what, fault) => {
      // Whatever the test before has left behind is over.
      await pause(5_100);
      s3.fault((request, response) => {
        fault(request, response);
        return true;
      });
      const number = what.length + 10;
      const first = await ask(`${what} 5 5 ${number}`);
      expect(first).toMatchObject({ status: 200, cache: 'miss' });
      await expect.poll(async () => (await ask(`${what} 5 5 ${number}`)).cache).toBe('hit');
      if (what === 'finds the oddest things') return;
      const embeddings = () => upstream.received.filter(({ path }) => path.endsWith('/embeddings')).length;
      const before = embeddings();
      const begunAt = performance.now();
      expect(await ask(`${what} again 5 5 ${number}`)).toMatchObject({ status: 200, cache: 'miss' });
      expect(performance.now() - begunAt).toBeLessThan(1_500);
      expect(embeddings()).toBe(before);
    },
    20_000,
  );
});
