import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { checkConfig } from '../../shared/config/load-config.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, pause, startUpstream, type TestUpstream } from '../support/upstream.ts';

const attribute = z.object({
  key: z.string(),
  value: z.union([
    z.strictObject({ stringValue: z.string() }),
    z.strictObject({ intValue: z.string().regex(/^-?\d+$/) }),
    z.strictObject({ doubleValue: z.number() }),
    z.strictObject({ boolValue: z.boolean() }),
    z.strictObject({ arrayValue: z.object({ values: z.array(z.object({ stringValue: z.string() })) }) }),
  ]),
});
const nano = z.string().regex(/^\d{19}$/);
const resource = z.object({ attributes: z.array(attribute) });
const scope = z.object({ name: z.literal('sluice') });
const point = z.object({ attributes: z.array(attribute), startTimeUnixNano: nano, timeUnixNano: nano });

/** What the protocol's definition in JSON asks of traces, as far as it is used. */
const traces = z.strictObject({
  resourceSpans: z.tuple([
    z.strictObject({
      resource,
      scopeSpans: z.tuple([
        z.strictObject({
          scope,
          spans: z.array(
            z.strictObject({
              traceId: z.string().regex(/^[0-9a-f]{32}$/),
              spanId: z.string().regex(/^[0-9a-f]{16}$/),
              parentSpanId: z
                .string()
                .regex(/^[0-9a-f]{16}$/)
                .optional(),
              name: z.string(),
              kind: z.literal(3),
              startTimeUnixNano: nano,
              endTimeUnixNano: nano,
              attributes: z.array(attribute),
              status: z.strictObject({ code: z.literal(2), message: z.string() }).optional(),
            }),
          ),
        }),
      ]),
    }),
  ]),
});

/** The same for metrics. */
const metrics = z.strictObject({
  resourceMetrics: z.tuple([
    z.strictObject({
      resource,
      scopeMetrics: z.tuple([
        z.strictObject({
          scope,
          metrics: z.array(
            z.object({
              name: z.string(),
              unit: z.string(),
              histogram: z
                .object({
                  aggregationTemporality: z.literal(1),
                  dataPoints: z.array(
                    point.extend({
                      count: z.string(),
                      sum: z.number(),
                      bucketCounts: z.array(z.string()),
                      explicitBounds: z.array(z.number()),
                    }),
                  ),
                })
                .optional(),
              sum: z
                .object({
                  aggregationTemporality: z.literal(1),
                  isMonotonic: z.literal(true),
                  dataPoints: z.array(point.extend({ asDouble: z.number() })),
                })
                .optional(),
            }),
          ),
        }),
      ]),
    }),
  ]),
});

const prompt = 'canary-otlp-prompt-4K9';
const answer = 'canary-otlp-answer-8P2';

let collector: TestUpstream;
let upstream: TestUpstream;
let gateway: TestGateway;

function configOf(otlp: object): object {
  return {
    providers: {
      up: { type: 'openai-compatible', base_url: upstream.url, api_key: 'env:UP_KEY', allow_private_address: true },
    },
    models: {
      first: { targets: ['echo/error-503', 'up/m'] },
      kept: { targets: ['echo/ok?delay_ms=300', 'up/m'], cache: { ttl_seconds: 60 } },
      broken: { targets: ['echo/error-400'] },
    },
    prices: { 'up/*': { input: 1, output: 2 } },
    otlp,
  };
}

beforeAll(async () => {
  [collector, upstream] = await Promise.all([startUpstream(), startUpstream()]);
  upstream.behave(
    answerJson(200, {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: answer }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 300, completion_tokens: 20, total_tokens: 320 },
    }),
  );
  gateway = await startGateway({
    config: configOf({
      endpoint: collector.url.replace('/v1', '/'),
      headers: { 'x-plain': 'text', authorization: 'secret:OTLP_TOKEN' },
      allow_private_address: true,
    }),
    environment: { UP_KEY: 'sk-up-0123456789', OTLP_TOKEN: 'Bearer token-of-the-collector' },
  });
}, 60_000);

afterAll(async () => {
  await gateway.close();
  await Promise.all([collector.close(), upstream.close()]);
});

async function call(model: string, headers: Record<string, string> = {}, at: TestGateway = gateway): Promise<Response> {
  const response = await fetch(`${at.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${at.key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: prompt }] }),
  });
  await response.text();
  return response;
}

/** What the collector got of the next call, once nothing more comes. */
async function exportsOf(make: () => Promise<unknown>) {
  const before = collector.received.length;
  await make();
  for (let waited = 0; waited < 40 && collector.received.length < before + 2; waited += 1) await pause(25);
  await pause(50);
  const received = collector.received.slice(before);
  const bodies = (path: string): unknown[] => received.filter((request) => request.path === path).map(({ body }) => JSON.parse(body));
  return {
    received,
    spans: bodies('/v1/traces').flatMap((body) => traces.parse(body).resourceSpans[0].scopeSpans[0].spans),
    metrics: bodies('/v1/metrics').flatMap((body) => metrics.parse(body).resourceMetrics[0].scopeMetrics[0].metrics),
  };
}

function named(attributes: readonly z.infer<typeof attribute>[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('exports by OTLP', () => {
  it("continue the caller's trace by the span the provider was told of, with the attempts below it", async () => {
    const { spans, received } = await exportsOf(() => call('first', { traceparent: `00-${traceId}-00f067aa0ba902b7-01` }));
    const [whole, ...attempts] = spans;
    const failed = attempts[0];
    const answered = attempts.at(-1);
    expect(attempts.length).toBeGreaterThan(1);
    expect(whole).toMatchObject({ traceId, parentSpanId: '00f067aa0ba902b7', name: 'chat first' });
    expect(upstream.received.at(-1)?.headers.traceparent).toBe(`00-${traceId}-${whole?.spanId}-01`);
    for (const attempt of attempts) expect(attempt).toMatchObject({ traceId, parentSpanId: whole?.spanId });
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(spans.length);
    expect(named(whole?.attributes ?? [])).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'first',
      'gen_ai.response.model': 'm',
      'gen_ai.provider.name': 'up',
      'gen_ai.usage.input_tokens': '300',
      'gen_ai.usage.output_tokens': '20',
      'server.address': '127.0.0.1',
      'server.port': new URL(upstream.url).port,
      'sluice.cost_usd': 0.00034,
      'sluice.ending': 'answered',
    });
    expect(failed).toMatchObject({ name: 'attempt echo/error-503', status: { code: 2 } });
    expect(named(failed?.attributes ?? [])).toMatchObject({ 'error.type': 'server_error', 'http.response.status_code': '503' });
    expect(answered).toMatchObject({ name: 'attempt up/m' });
    expect(answered?.status).toBeUndefined();
    for (const { headers, body } of received) {
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'x-plain': 'text',
        authorization: 'Bearer token-of-the-collector',
      });
      expect(body).not.toContain(prompt);
      expect(body).not.toContain(answer);
    }
  });

  it('begin a trace of their own where the caller has none', async () => {
    const one = await exportsOf(() => call('first'));
    const other = await exportsOf(() => call('first'));
    expect(one.spans[0]?.parentSpanId).toBeUndefined();
    expect(one.spans[0]?.traceId).not.toBe(other.spans[0]?.traceId);
  });

  it('keep no trace that the caller does not sample, but its metrics', async () => {
    const { spans, metrics: measured } = await exportsOf(() => call('first', { traceparent: `00-${traceId}-00f067aa0ba902b7-00` }));
    expect(spans).toEqual([]);
    expect(measured.length).toBeGreaterThan(0);
  });

  it('measure tokens, duration and cost under the names of the conventions', async () => {
    const { metrics: measured } = await exportsOf(() => call('first'));
    const byName = new Map(measured.map((metric) => [metric.name, metric]));
    const tokens = byName.get('gen_ai.client.token.usage')?.histogram?.dataPoints ?? [];
    expect(tokens.map(({ sum, attributes }) => [named(attributes)['gen_ai.token.type'], sum])).toEqual([
      ['input', 300],
      ['output', 20],
    ]);
    // 300 tokens lie above 256 and not above 1024: the sixth of fifteen.
    expect(tokens[0]?.bucketCounts).toEqual([...Array(5).fill('0'), '1', ...Array(9).fill('0')]);
    expect(tokens[0]?.explicitBounds).toHaveLength(14);
    const duration = byName.get('gen_ai.client.operation.duration');
    expect(duration).toMatchObject({ unit: 's', histogram: { dataPoints: [{ count: '1' }] } });
    expect(named(duration?.histogram?.dataPoints[0]?.attributes ?? [])).toMatchObject({
      'gen_ai.request.model': 'm',
      'gen_ai.operation.name': 'chat',
      'sluice.key': expect.stringMatching(/^key_/),
    });
    expect(byName.get('sluice.cost')?.sum?.dataPoints[0]?.asDouble).toBeCloseTo(0.00034, 12);
  });

  it('measure what the cache did and spared, and a hit as no call of a provider', async () => {
    const sums = ({ metrics: measured }: Awaited<ReturnType<typeof exportsOf>>) =>
      Object.fromEntries(measured.map(({ name, sum }) => [name, sum?.dataPoints[0]?.asDouble]));
    const missed = await exportsOf(() => call('kept'));
    expect(sums(missed)).toMatchObject({ 'sluice.cache.calls': 1, 'sluice.cost': expect.any(Number) });
    const hit = await exportsOf(() => call('kept'));
    expect(sums(hit)).toEqual({
      'sluice.cache.calls': 1,
      'sluice.cache.saved': sums(missed)['sluice.cost'],
      'sluice.cache.saved_time': expect.any(Number),
    });
    expect(sums(hit)['sluice.cache.saved_time']).toBeGreaterThan(0.2);
    const [first] = hit.metrics;
    expect(named(first?.sum?.dataPoints[0]?.attributes ?? [])).toMatchObject({ 'sluice.cache': 'hit', 'gen_ai.request.model': 'ok' });
    expect(named(hit.spans[0]?.attributes ?? [])).toMatchObject({ 'sluice.cache': 'hit', 'sluice.cache.saved_ms': expect.any(String) });
  });

  it('say what went wrong', async () => {
    const { spans, metrics: measured } = await exportsOf(() => call('broken'));
    expect(spans[0]?.status?.code).toBe(2);
    const duration = measured.find(({ name }) => name === 'gen_ai.client.operation.duration')?.histogram?.dataPoints[0];
    expect(named(duration?.attributes ?? [])['error.type']).toBe(named(spans[0]?.attributes ?? [])['error.type']);
    const refused = await exportsOf(() => call('first', { authorization: 'Bearer sk-nobody' }));
    expect(refused.spans.map(({ name }) => name)).toEqual(['chat']);
    expect(refused.metrics).toEqual([]);
  });
});

describe('a collector that does not answer', () => {
  it('neither fails nor holds up a call, and is told of once', async () => {
    const silent = await startUpstream(() => {});
    const other = await startGateway({
      config: configOf({ endpoint: silent.url.replace('/v1', ''), allow_private_address: true }),
      environment: { UP_KEY: 'sk-up-0123456789' },
    });
    try {
      for (let index = 0; index < 4; index += 1) {
        const startedAt = performance.now();
        expect((await call('up/m', {}, other)).status).toBe(200);
        expect(performance.now() - startedAt).toBeLessThan(1_000);
      }
      const line = await other.logged(({ message }) => message === 'telemetry not exported');
      expect(line).toMatchObject({ level: 'warn', unsent: 1 });
      await pause(1_700);
      // It rests by now: nothing further is sent.
      const sent = silent.received.length;
      expect((await call('up/m', {}, other)).status).toBe(200);
      await pause(200);
      expect(silent.received).toHaveLength(sent);
      expect(other.logLines.filter((text) => text.includes('telemetry not exported'))).toHaveLength(1);
    } finally {
      await other.close();
      await silent.close();
    }
  }, 30_000);
});

describe('exports to CloudWatch', () => {
  it('are signed for the service of each signal', async () => {
    const other = await startGateway({
      config: configOf({ endpoint: collector.url.replace('/v1', ''), aws_sigv4: true, allow_private_address: true }),
      environment: {
        UP_KEY: 'sk-up-0123456789',
        AWS_REGION: 'eu-central-1',
        AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
        AWS_SECRET_ACCESS_KEY: 'example-secret',
      },
    });
    try {
      const { received } = await exportsOf(() => call('up/m', {}, other));
      const signed = Object.fromEntries(received.map(({ path, headers }) => [path, headers.authorization]));
      expect(signed['/v1/traces']).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/xray\/aws4_request, /);
      expect(signed['/v1/metrics']).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/monitoring\/aws4_request, /);
    } finally {
      await other.close();
    }
  }, 30_000);
});

describe('the configuration of exports', () => {
  const check = (otlp: object) => checkConfig({ otlp }, () => 'gateway.yaml:1');

  it('needs a collector or CloudWatch', () => {
    expect(() => check({})).toThrow(/endpoint is missing/);
    expect(check({ aws_sigv4: true }).otlp).toMatchObject({ traces: true, metrics: true, headers: {} });
  });

  it('refuses private addresses unless they are allowed', () => {
    expect(() => check({ endpoint: 'http://169.254.169.254' })).toThrow(/private address/);
    expect(check({ endpoint: 'http://127.0.0.1:4318', allow_private_address: true }).otlp?.endpoint).toBe('http://127.0.0.1:4318');
  });
});
