import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Refused, Standing } from '../../shared/admission/ledger.ts';
import { limitHeaders, usd } from '../../shared/admission/limit-headers.ts';
import { refusalError } from '../../shared/admission/refusal.ts';
import { errorHeaders, openAiErrorBody } from '../../shared/errors/error-response.ts';
import { scopeWith } from '../support/ledger-fixtures.ts';

const nowMs = Date.UTC(2026, 10, 18, 12);
const scope = scopeWith('k1', { requests_per_minute: 60, budgets: [{ amount_usd: 1, period: 'day' }] });
const standing: Standing = {
  scope,
  budgets: [
    { period: 'day', limitNanoUsd: 1e9, spentNanoUsd: 0.25e9, heldNanoUsd: 0.5e9, resetsAtMs: nowMs + 43_200_000 },
    { period: 'total', limitNanoUsd: undefined, spentNanoUsd: 7e9, heldNanoUsd: 0.5e9, resetsAtMs: undefined },
  ],
  requests: { limit: 60, remaining: 12, resetsAtMs: nowMs + 48_000 },
  tokens: undefined,
  parallel: { limit: undefined, underWay: 1 },
  shards: 1,
};
const budget: Refused = {
  outcome: 'refused',
  scope,
  limit: 'budget',
  reason: 'exhausted',
  period: 'day',
  limitValue: 1e9,
  asked: 0.9e9,
  spent: 0.25e9,
  held: 0.5e9,
  resetsAtMs: nowMs + 43_200_000,
  retryAfterMs: undefined,
  standing,
};
const held: Refused = { ...budget, reason: 'contention', asked: 0.3e9, retryAfterMs: 1_000 };
const tooFast: Refused = {
  ...budget,
  limit: 'requests',
  reason: 'rate',
  period: undefined,
  limitValue: 60,
  asked: 1,
  spent: 0,
  held: 60,
  retryAfterMs: 700,
};
const never: Refused = { ...tooFast, limit: 'tokens', reason: 'never', limitValue: 1_000, asked: 64_000, retryAfterMs: undefined };
const parallel: Refused = { ...tooFast, limit: 'parallel', reason: 'contention', limitValue: 4, held: 4, retryAfterMs: 1_000 };

describe('a refusal', () => {
  it('is 402 when the money is spent, with all figures and the time it resets', () => {
    const error = refusalError(budget, nowMs);
    expect([error.code, error.status, error.retryable]).toEqual(['budget_exceeded', 402, false]);
    for (const fact of [
      'API key "k1"',
      "day's budget",
      '$1:',
      '$0.25 is spent',
      '$0.5 is held',
      'up to $0.9',
      '2026-11-19T00:00:00.000Z',
    ]) {
      expect(error.message).toContain(fact);
    }
    expect(error.details).toEqual({
      scope: 'key',
      id: 'k1',
      limit: 'budget',
      reason: 'exhausted',
      period: 'day',
      limit_usd: 1,
      spent_usd: 0.25,
      held_usd: 0.5,
      asked_usd: 0.9,
      resets_at: '2026-11-19T00:00:00.000Z',
    });
    expect(errorHeaders(error)).toMatchObject({ 'x-should-retry': 'false', 'x-sluice-budget-held': '0.5' });
    expect(errorHeaders(error)).not.toHaveProperty('retry-after');
  });

  it.each([
    ['budget_held', held, '1'],
    ['rate_limit_exceeded', tooFast, '1'],
    ['rate_limit_exceeded', parallel, '1'],
  ] as const)('is 429 %s with Retry-After when waiting helps', (code, refused, retryAfter) => {
    const error = refusalError(refused, nowMs);
    expect([error.code, error.status]).toEqual([code, 429]);
    expect(errorHeaders(error)).toMatchObject({ 'retry-after': retryAfter });
    expect(errorHeaders(error)).not.toHaveProperty('x-should-retry');
  });

  it('counts in words that fit the number', () => {
    expect(refusalError(parallel, nowMs).message).toContain('4 parallel requests, and 4 are under way');
    expect(refusalError({ ...parallel, limitValue: 1, held: 1 }, nowMs).message).toContain('1 parallel request, and 1 is under way');
  });

  it('says so when a call is larger than the limit as a whole', () => {
    const error = refusalError(never, nowMs);
    expect(error.message).toContain('64000');
    expect(errorHeaders(error)).toMatchObject({ 'x-should-retry': 'false' });
  });
});

describe('limit headers', () => {
  it('tell the tightest of each', () => {
    const roomy = {
      ...standing,
      budgets: [],
      requests: { limit: 9_000, remaining: 8_999, resetsAtMs: nowMs },
      tokens: { limit: 5, remaining: 5, resetsAtMs: nowMs + 61_000 },
    };
    expect(limitHeaders([roomy, standing], nowMs)).toEqual({
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-remaining-requests': '12',
      'x-ratelimit-reset-requests': '48s',
      'x-ratelimit-limit-tokens': '5',
      'x-ratelimit-remaining-tokens': '5',
      'x-ratelimit-reset-tokens': '1m1s',
      'x-sluice-budget-limit': '1',
      'x-sluice-budget-spent': '0.25',
      'x-sluice-budget-held': '0.5',
      'x-sluice-budget-remaining': '0.25',
      'x-sluice-budget-reset': '2026-11-19T00:00:00.000Z',
    });
    expect(limitHeaders([], nowMs)).toEqual({});
  });

  it.each([
    [0, '0'],
    [1, '0.000000001'],
    [1_500_000, '0.0015'],
    [12_000_000_000, '12'],
    [-250_000_000, '-0.25'],
  ])('write %i nano-USD as %s', (nano, dollars) => {
    expect(usd(nano)).toBe(dollars);
  });
});

describe('the official clients', () => {
  let server: Server;
  let url = '';
  let refused: Refused = budget;
  let asked = 0;

  beforeAll(async () => {
    server = createServer((request, response) => {
      request.resume();
      asked += 1;
      const error = refusalError(refused, nowMs);
      response
        .writeHead(error.status, { 'content-type': 'application/json', ...errorHeaders(error) })
        .end(JSON.stringify(openAiErrorBody(error)));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address === 'object' && address) url = `http://127.0.0.1:${address.port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  const messages = [{ role: 'user' as const, content: 'hi' }];
  const clients = {
    openai: () => new OpenAI({ apiKey: 'k', baseURL: url, maxRetries: 1 }).chat.completions.create({ model: 'm', messages }),
    anthropic: () => new Anthropic({ apiKey: 'k', baseURL: url, maxRetries: 1 }).messages.create({ model: 'm', max_tokens: 1, messages }),
  };

  it.each([
    ['openai', budget, 402, 1],
    ['anthropic', budget, 402, 1],
    ['openai', never, 429, 1],
    ['anthropic', never, 429, 1],
    ['openai', held, 429, 2],
    ['anthropic', held, 429, 2],
  ] as const)('%s retries what a retry can cure and nothing else (%#)', async (client, refusal, status, attempts) => {
    refused = refusal;
    asked = 0;
    await expect(clients[client]()).rejects.toMatchObject({ status });
    expect(asked).toBe(attempts);
  });
});
