import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, answerStream, startUpstream, type TestUpstream } from '../support/upstream.ts';

let upstream: TestUpstream;
let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startUpstream();
  const at = { base_url: upstream.url, allow_private_address: true, api_key: 'env:UP_KEY' };
  gateway = await startGateway({
    environment: { UP_KEY: 'up-key' },
    config: {
      defaults: { retries: 0 },
      providers: {
        openrouter: at,
        xai: at,
        perplexity: at,
        silent: { type: 'openai-compatible', ...at },
        told: { type: 'openai-compatible', ...at, states_cost: true },
        'xai-by-price': { type: 'xai', ...at, states_cost: false },
      },
      prices: { 'silent/*': { input: 1, output: 2 }, 'openrouter/mine/*': { input: 1, output: 2 } },
    },
  });
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});
beforeEach(() => {
  upstream.received.length = 0;
});

const messages = [{ role: 'user' as const, content: 'Hello' }];
const tokens = { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 };
const chat = (usage: object) => ({
  id: 'x',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage: { ...tokens, ...usage },
});
const chunk = (more: object) => JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], ...more });
const spoken = chunk({ choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: 'stop' }] });

/** The record of the call of an answer. */
async function recordOf(response: Response): Promise<Record<string, unknown>> {
  const id = response.headers.get('x-sluice-request-id');
  await gateway.logged(({ message, request_id }) => message === 'call' && request_id === id);
  const { body } = await gateway.admin('GET', `/admin/requests/${id}`);
  return body;
}

async function chatAt(model: string): Promise<{ cost: string | null; record: Record<string, unknown> }> {
  const { response } = await client.chat.completions.create({ model, messages }).withResponse();
  return { cost: response.headers.get('x-sluice-cost-usd'), record: await recordOf(response) };
}

describe('what a provider says that it bills', () => {
  it('is what the call cost, in the answer, the record and the budget', async () => {
    const { key } = await gateway.createKey({ name: 'payer', limits: { budgets: [{ amount_usd: 5, period: 'day' }] } });
    const payer = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 });
    upstream.behave(answerJson(200, chat({ cost: 0.0001601, is_byok: false })));
    const { data, response } = await payer.chat.completions
      .create({ model: 'openrouter/openai/gpt-4.1', messages, max_tokens: 100 })
      .withResponse();
    // What came is handed on as it came.
    expect(data.usage).toMatchObject({ cost: 0.0001601 });
    expect(response.headers.get('x-sluice-cost-usd')).toBe('0.0001601');
    const record = await recordOf(response);
    expect(record).toMatchObject({ cost_nano_usd: 160_100, cost_stated: true });
    expect(record.usage).not.toHaveProperty('billed_nano_usd');
    const parts = Object.values(record.cost_parts_nano_usd as Record<string, number>);
    expect(parts.reduce((sum, part) => sum + part, 0)).toBe(160_100);
    const standing = async () => (await fetch(`${gateway.url}/v1/key`, { headers: { authorization: `Bearer ${key}` } })).json();
    await expect.poll(standing).toMatchObject({ budgets: [{ spent_usd: 0.0001601, held_usd: 0 }] });
    expect((await gateway.admin('GET', '/admin/audit/books')).body).toMatchObject({ agree: true });
  });

  it('counts at the end of a stream', async () => {
    upstream.behave(answerStream([spoken, chunk({ usage: { ...tokens, cost_in_usd_ticks: 37_756_000 } })]));
    const { data, response } = await client.chat.completions
      .create({ model: 'xai/grok-4', messages, stream: true, stream_options: { include_usage: true } })
      .withResponse();
    for await (const _chunk of data);
    expect(await recordOf(response)).toMatchObject({ cost_nano_usd: 3_775_600, cost_stated: true, cost_usd: 0.0037756 });
  });

  it('counts in responses, messages, embeddings and images', async () => {
    const usage = { input_tokens: 10, output_tokens: 20, total_tokens: 30 };
    upstream.behave(
      answerJson(200, {
        id: 'r',
        object: 'response',
        status: 'completed',
        model: 'm',
        output: [],
        usage: { ...usage, cost: { currency: 'USD', total_cost: 0.0165 } },
      }),
    );
    const answered = await client.responses.create({ model: 'perplexity/perplexity/sonar', input: 'Hello' }).asResponse();
    expect(await recordOf(answered)).toMatchObject({ cost_nano_usd: 16_500_000, cost_stated: true });

    upstream.behave(
      answerJson(200, {
        id: 'm',
        type: 'message',
        role: 'assistant',
        model: 'm',
        content: [{ type: 'text', text: 'Hi' }],
        stop_reason: 'end_turn',
        usage: { input_tokens: 10, output_tokens: 20, cost: 0.003 },
      }),
    );
    const anthropic = new Anthropic({ baseURL: gateway.url, apiKey: gateway.key, maxRetries: 0 });
    const said = await anthropic.messages.create({ model: 'openrouter/anthropic/claude-opus-4.6', max_tokens: 50, messages }).asResponse();
    expect(await recordOf(said)).toMatchObject({ cost_nano_usd: 3_000_000, cost_stated: true });

    upstream.behave(answerJson(200, { object: 'list', data: [], model: 'm', usage: { prompt_tokens: 4, total_tokens: 4, cost: 2e-8 } }));
    const embedded = await client.embeddings.create({ model: 'openrouter/openai/text-embedding-3-small', input: 'Hi' }).asResponse();
    expect(await recordOf(embedded)).toMatchObject({ cost_nano_usd: 20, cost_stated: true });

    upstream.behave(answerJson(200, { created: 1, data: [{ b64_json: 'AA==' }], usage: { cost_in_usd_ticks: 400_000_000 } }));
    const drawn = await client.images.generate({ model: 'xai/grok-imagine-image', prompt: 'A cat' }).asResponse();
    expect(await recordOf(drawn)).toMatchObject({ cost_nano_usd: 40_000_000, cost_stated: true });
  });

  it('counts where the call was translated', async () => {
    upstream.behave(answerJson(200, chat({ cost_in_usd_ticks: 1_000 })));
    const anthropic = new Anthropic({ baseURL: gateway.url, apiKey: gateway.key, maxRetries: 0 });
    const whole = await anthropic.messages.create({ model: 'xai/grok-4', max_tokens: 50, messages }).asResponse();
    expect(await recordOf(whole)).toMatchObject({ cost_nano_usd: 100, cost_stated: true });
    upstream.behave(answerStream([spoken, chunk({ usage: { ...tokens, cost_in_usd_ticks: 2_000 } })]));
    const streamed = await anthropic.messages.create({ model: 'xai/grok-4', max_tokens: 50, messages, stream: true }).asResponse();
    await streamed.text();
    expect(await recordOf(streamed)).toMatchObject({ cost_nano_usd: 200, cost_stated: true });
  });

  it('tells the cost of a model that has no price', async () => {
    upstream.behave(answerJson(200, chat({ cost: 0.5 })));
    const { cost, record } = await chatAt('openrouter/nobody/knows');
    expect(cost).toBe('0.5');
    expect(record).toMatchObject({ cost_nano_usd: 500_000_000, cost_usd: 0.5, cost_stated: true, cost_parts_nano_usd: null });
  });

  it('does not count at a provider that is not known to say it, nor against a price of the operator', async () => {
    upstream.behave(answerJson(200, chat({ cost: 0.5, cost_in_usd_ticks: 5_000_000_000 })));
    // Ten tokens at a dollar a million, twenty at two.
    expect((await chatAt('silent/m')).record).toMatchObject({ cost_nano_usd: 50_000, cost_stated: false });
    expect((await chatAt('openrouter/mine/m')).record).toMatchObject({ cost_nano_usd: 50_000, cost_stated: false });
    const byPrice = (await chatAt('xai-by-price/grok-4')).record;
    expect(byPrice.cost_stated).toBe(false);
    expect(byPrice.cost_nano_usd).not.toBe(500_000_000);
    expect((await chatAt('told/m')).record).toMatchObject({ cost_nano_usd: 500_000_000, cost_stated: true });
  });

  it('is warned of where it passes what was held', async () => {
    upstream.behave(answerJson(200, chat({ cost_in_usd_ticks: 50_000_000_000 })));
    const { response } = await client.chat.completions.create({ model: 'xai/grok-4', messages, max_completion_tokens: 10 }).withResponse();
    const id = response.headers.get('x-sluice-request-id');
    const line = await gateway.logged(({ message, request_id }) => message === 'billed beyond the hold' && request_id === id);
    expect(line).toMatchObject({ level: 'warn', target: 'xai/grok-4', cost_nano_usd: 5_000_000_000 });
    expect(Number(line.held_nano_usd)).toBeLessThan(5_000_000_000);
  });
});

describe('tokens past all reason', () => {
  it.each([false, true])('are as if none were reported, streamed: %s', async (stream) => {
    const usage = { prompt_tokens: 1e300, completion_tokens: 2, total_tokens: 1e300 };
    upstream.behave(stream ? answerStream([spoken, chunk({ usage })]) : answerJson(200, chat(usage)));
    const response = await client.chat.completions.create({ model: 'silent/m', messages, max_tokens: 10, stream }).asResponse();
    expect(response.status).toBe(200);
    await response.text();
    const record = await recordOf(response);
    expect(record).toMatchObject({ ending: 'answered', estimated: true });
    expect(Number(record.cost_nano_usd)).toBeGreaterThan(0);
    expect(Number(record.cost_nano_usd)).toBeLessThanOrEqual(Number(record.held_nano_usd));
  });
});
