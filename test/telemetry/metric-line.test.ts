import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { breakerLine } from '../../shared/telemetry/breaker-line.ts';
import { gatewayMetrics, metricsOf, modelMetrics } from '../../shared/telemetry/call-metrics.ts';
import type { CallRecord } from '../../shared/telemetry/call-record.ts';
import { CollectedMetrics } from '../../shared/telemetry/collected-metrics.ts';
import { metricFields } from '../../shared/telemetry/metric-line.ts';
import { sweepLine, sweepMetrics } from '../../shared/telemetry/sweep-line.ts';

/** The schema AWS publishes with the format's specification. */
const embeddedMetricFormat = z.fromJSONSchema(
  JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/embedded-metric-format.schema.json'), 'utf8')),
);

const atMs = Date.parse('2026-11-20T12:00:10Z');

function call(changes: Partial<CallRecord> = {}): CallRecord {
  return {
    id: 'req_1',
    startedAtMs: atMs - 1_500,
    endedAtMs: atMs,
    ending: 'answered',
    status: 200,
    model: 'demo',
    servedBy: 'echo/ok?tokens=5',
    attempts: [
      { target: 'echo/error-503', latencyMs: 3, status: 503, outcome: 'server_error' },
      { target: 'echo/ok?tokens=5', latencyMs: 30, status: 200, outcome: 'answered' },
    ],
    usage: { inputTokens: 100, cachedInputTokens: 40, outputTokens: 20, reasoningTokens: 8 },
    costNanoUsd: 140_000,
    durationMs: 1_500,
    firstTokenMs: 250,
    overheadMs: 2.5,
    ...changes,
  };
}

const fine = { settle: 0, record: false };

function lineOf(record: CallRecord, failures = fine): Record<string, unknown> {
  return metricFields(metricsOf(record, failures), atMs);
}

interface Directive {
  readonly Dimensions: string[][];
  readonly Metrics: { readonly Name: string }[];
}

function directives(line: Record<string, unknown>): Directive[] {
  return (line._aws as { CloudWatchMetrics: Directive[] }).CloudWatchMetrics;
}

const endings: Record<string, CallRecord> = {
  answered: call(),
  'from the cache': call({ cache: 'hit', savedNanoUsd: 140_000, savedMs: 1_250, costNanoUsd: 0, usage: {}, attempts: [] }),
  'that the cache missed': call({ cache: 'miss' }),
  'refused at the key': call({
    ending: 'refused',
    status: 401,
    error: 'invalid_api_key',
    servedBy: undefined,
    attempts: [],
    usage: {},
    costNanoUsd: 0,
  }),
  'refused by a budget': call({
    ending: 'refused',
    status: 402,
    error: 'budget_exceeded',
    refusedBy: { scope: 'key#k', limit: 'budget', reason: 'exhausted' },
    servedBy: undefined,
    attempts: [],
  }),
  'refused by a rate': call({ ending: 'refused', status: 429, error: 'rate_limit_exceeded', servedBy: undefined, attempts: [] }),
  failed: call({ ending: 'failed', status: 502, error: 'provider_error', servedBy: undefined, usage: {}, costNanoUsd: 0 }),
  "failed by the caller's own mistake": call({
    ending: 'failed',
    status: 400,
    error: 'invalid_request',
    servedBy: undefined,
    attempts: [{ target: 'echo/error-400', latencyMs: 1, status: 400, outcome: 'caller' }],
  }),
  crashed: call({ ending: 'crashed', servedBy: undefined, attempts: [], usage: {}, estimated: true }),
  'of a huge model name': call({ ending: 'refused', error: 'model_not_found', model: 'x'.repeat(256), servedBy: undefined, attempts: [] }),
};

describe('the metrics of a call', () => {
  it.each(Object.entries(endings))('are valid embedded metric format: %s', (_name, record) => {
    const line = lineOf(record, { settle: 2, record: true });
    expect(embeddedMetricFormat.safeParse(JSON.parse(JSON.stringify(line))).error).toBeUndefined();
    for (const { Dimensions, Metrics } of directives(line)) {
      for (const dimension of Dimensions.flat()) expect(line[dimension]).toEqual(expect.any(String));
      for (const { Name } of Metrics) expect(line[Name]).toEqual(expect.any(Number));
    }
  });

  it('have no dimension but provider and model, and those from the configuration, not from the caller', () => {
    for (const record of Object.values(endings)) {
      const line = lineOf(record);
      for (const { Dimensions } of directives(line)) expect([[], ['provider', 'model']]).toContainEqual(Dimensions.flat());
    }
    expect(lineOf(endings.answered!)).toMatchObject({ provider: 'echo', model: 'ok' });
    expect(lineOf(endings['of a huge model name']!)).not.toHaveProperty('model');
  });

  it('say what happened', () => {
    expect(lineOf(endings.answered!)).toMatchObject({
      'sluice.calls': 1,
      'sluice.errors': 0,
      'sluice.requests': 1,
      'sluice.fallbacks': 1,
      'sluice.cost': 0.00014,
      'gen_ai.server.request.duration': 1.5,
      'gen_ai.server.time_to_first_token': 0.25,
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 20,
      'gen_ai.usage.cache_read.input_tokens': 40,
      'gen_ai.usage.reasoning.output_tokens': 8,
      'sluice.overhead': 2.5,
    });
    expect(lineOf(endings['from the cache']!)).toMatchObject({
      'sluice.cache.hits': 1,
      'sluice.cache.saved': 0.00014,
      'sluice.cache.saved_time': 1.25,
    });
    expect(lineOf(endings['that the cache missed']!)).toMatchObject({ 'sluice.cache.misses': 1, 'sluice.calls': 1 });
    expect(lineOf(endings['refused at the key']!)).toMatchObject({ 'sluice.refusals': 1, 'sluice.refusals.key': 1, 'sluice.failures': 0 });
    expect(lineOf(endings['refused by a budget']!)).toMatchObject({ 'sluice.refusals.budget': 1 });
    expect(lineOf(endings['refused by a rate']!)).toMatchObject({ 'sluice.refusals.rate': 1 });
    expect(lineOf(endings.failed!)).toMatchObject({ 'sluice.failures': 1, 'sluice.failures.provider': 1, 'sluice.errors': 1 });
    expect(lineOf(endings["failed by the caller's own mistake"]!)).toMatchObject({ 'sluice.failures.caller': 1 });
    expect(lineOf(call(), { settle: 3, record: true })).toMatchObject({ 'sluice.settle.failures': 3, 'sluice.record.failures': 1 });
    expect(lineOf(call({ attempts: [...call().attempts, ...call().attempts] }))).toMatchObject({ 'sluice.retries': 2 });
  });

  it.each(['hit', 'stale', 'coalesced', 'semantic'])('count what the cache gave as a hit, and as no call of a provider: %s', (cache) => {
    const line = lineOf(call({ cache, savedMs: 5, costNanoUsd: 0, usage: {}, attempts: [] }));
    expect(line).toMatchObject({ 'sluice.requests': 1, 'sluice.cache.hits': 1 });
    expect(Object.keys(line)).not.toEqual(expect.arrayContaining(['sluice.cache.misses']));
    for (const name of ['provider', ...Object.keys(modelMetrics)]) expect(line).not.toHaveProperty([name]);
  });

  it('are few enough by model to be affordable', () => {
    expect(Object.keys(modelMetrics).length).toBeLessThanOrEqual(8);
    expect(Object.keys(gatewayMetrics).length).toBeLessThanOrEqual(30);
  });

  it('of the sweeper are valid too, and are there each minute', () => {
    const dead = [{ requestId: 'req_1', scopeId: 'key#k', amountNanoUsd: 5 }];
    for (const facts of [
      { dead: [], calls: 0, late: 0 },
      { dead, calls: 3, late: 1, underWay: { calls: 2, amountNanoUsd: 1_500_000_000 } },
    ]) {
      const line = sweepLine(facts, atMs);
      expect(embeddedMetricFormat.safeParse(line).error).toBeUndefined();
      expect(line).toMatchObject({ 'sluice.sweeps': 1 });
    }
    expect(sweepLine({ dead, calls: 0, late: 0 }, atMs)).toMatchObject({ 'sluice.crashes': 1 });
  });

  it('say what calls under way hold, where the sweeper knows', async () => {
    const collected = new CollectedMetrics();
    const line = sweepLine({ dead: [], calls: 0, late: 0, underWay: { calls: 2, amountNanoUsd: 1_500_000_000 } }, atMs);
    expect(line).toMatchObject({ 'sluice.holds.calls': 2, 'sluice.holds.amount': 1.5 });
    collected.take(JSON.stringify(line));
    for (const metric of Object.keys(sweepMetrics)) {
      const range = { fromMs: atMs - 60_000, toMs: atMs + 60_000, periodSeconds: 60 };
      expect(await collected.read({ metric, statistic: 'Maximum', byModel: false, ...range })).toHaveLength(1);
    }
    expect(sweepLine({ dead: [], calls: 0, late: 0 }, atMs)).not.toHaveProperty('sluice.holds.calls');
  });

  it('of a breaker are valid, by the provider and model of its lane', () => {
    const opened = { reason: 'errors', untilMs: atMs + 5_000, streak: 0 };
    const line = breakerLine({ lane: 'echo/error-503?after=2#env:KEY_2', ...opened }, atMs);
    expect(embeddedMetricFormat.safeParse(line).error).toBeUndefined();
    expect(line).toMatchObject({ provider: 'echo', model: 'error-503', 'sluice.breaker.openings': 1, open_for_ms: 5_000 });
    expect(breakerLine({ lane: 'up/org/model', ...opened }, atMs)).toMatchObject({ provider: 'up', model: 'org/model' });
  });
});

describe('metrics collected on a laptop', () => {
  const range = { fromMs: atMs - 3_600_000, toMs: atMs + 3_600_000, periodSeconds: 60 };

  it('are those of the lines', async () => {
    const collected = new CollectedMetrics();
    for (let count = 1; count <= 100; count += 1)
      collected.take(JSON.stringify({ message: 'call', ...lineOf(call({ durationMs: count * 1_000 })) }));
    collected.take('no JSON "CloudWatchMetrics"');
    collected.take(JSON.stringify({ message: 'without metrics' }));
    const read = (metric: string, statistic: 'Sum' | 'p95' | 'p50' | 'Maximum' | 'Minimum' | 'Average' | 'SampleCount', byModel: boolean) =>
      collected.read({ ...range, metric, statistic, byModel });
    expect(await read('sluice.requests', 'Sum', false)).toEqual([
      { provider: undefined, model: undefined, points: [{ atMs: Date.parse('2026-11-20T12:00:00Z'), value: 100 }] },
    ]);
    expect(await read('sluice.calls', 'Sum', true)).toMatchObject([{ provider: 'echo', model: 'ok', points: [{ value: 100 }] }]);
    const durations = { p50: 50, p95: 95, Maximum: 100, Minimum: 1, Average: 50.5, SampleCount: 100 } as const;
    for (const [statistic, value] of Object.entries(durations)) {
      expect(await read('gen_ai.server.request.duration', statistic as keyof typeof durations, true)).toMatchObject([
        { points: [{ value }] },
      ]);
    }
    expect(await collected.read({ ...range, metric: 'sluice.requests', statistic: 'Sum', byModel: false, fromMs: atMs + 60_000 })).toEqual([
      { provider: undefined, model: undefined, points: [] },
    ]);
  });
});
