import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, pause, startUpstream, type TestUpstream } from '../support/upstream.ts';

let upstream: TestUpstream;
let gateway: TestGateway;
let limited: string;

beforeAll(async () => {
  upstream = await startUpstream();
  const base_url = upstream.url;
  const at = { base_url, allow_private_address: true, api_key: 'env:UP_KEY' };
  gateway = await startGateway({
    environment: { UP_KEY: 'up-key' },
    config: {
      defaults: { retries: 0 },
      providers: {
        openai: at,
        'openai-as-set': { type: 'openai', ...at, service_tier: 'account' },
        'openai-flex': { type: 'openai', ...at, service_tier: 'flex' },
        anthropic: { ...at, base_url: base_url.replace('/v1', '') },
        openrouter: at,
        xai: at,
        groq: at,
        'xai-assumed': { type: 'xai', ...at, unbounded_tools: 'assume' },
        google: { ...at, base_url: `${base_url}beta` },
      },
      models: {
        eager: { targets: [{ model: 'openai/gpt-4.1', overrides: { max_tokens: 30_000, service_tier: 'priority' } }] },
      },
    },
  });
  limited = (await gateway.createKey({ name: 'limited', limits: { budgets: [{ amount_usd: 1_000, period: 'total' }] } })).key;
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});
beforeEach(() => {
  upstream.received.length = 0;
});

const chat = (usage: object = {}, more: object = {}) => ({
  id: 'x',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 10, total_tokens: 20, ...usage },
  ...more,
});

interface Asked {
  readonly status: number;
  readonly held: number;
  readonly cost: number;
  readonly body: { readonly error?: { readonly code: string; readonly message: string; readonly param?: string } };
  readonly sent: Record<string, unknown>;
}

async function ask(path: string, body: object, key = limited): Promise<Asked> {
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    held: Number(response.headers.get('x-sluice-budget-held')),
    cost: Number(response.headers.get('x-sluice-cost-usd')),
    body: JSON.parse(text),
    sent: JSON.parse(upstream.received.at(-1)?.body ?? '{}'),
  };
}

/** What is held for one call: nothing else may be under way. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) {
    const response = await fetch(`${gateway.url}/v1/key`, { headers: { authorization: `Bearer ${limited}` } });
    const { budgets } = JSON.parse(await response.text());
    if (budgets[0].held_usd === 0) return;
    await pause(10);
  }
  throw new Error('something is still held');
}

const messages = [{ role: 'user', content: 'Hello' }];
const question = { messages, max_tokens: 1_000 };

describe('a service tier that nobody named', () => {
  it('is named under a budget, so that no setting of the account bills more than is held', async () => {
    upstream.behave(answerJson(200, chat()));
    expect((await ask('/v1/chat/completions', { model: 'openai/gpt-4.1', ...question })).sent.service_tier).toBe('default');
    expect((await ask('/v1/chat/completions', { model: 'openai/gpt-4.1', service_tier: 'auto', ...question })).sent.service_tier).toBe(
      'default',
    );
    expect((await ask('/v1/chat/completions', { model: 'openai/gpt-4.1', service_tier: 'flex', ...question })).sent.service_tier).toBe(
      'flex',
    );
    expect((await ask('/v1/chat/completions', { model: 'openai-flex/gpt-4.1', ...question })).sent.service_tier).toBe('flex');
    // Without a budget the body travels as it came.
    expect((await ask('/v1/chat/completions', { model: 'openai/gpt-4.1', ...question }, gateway.key)).sent.service_tier).toBeUndefined();
  });

  it('is named to a provider that is reached by translation too', async () => {
    upstream.behave(answerJson(500, { error: { message: 'enough seen' } }));
    await ask('/v1/messages', { model: 'openai/gpt-4.1', max_tokens: 100, messages });
    expect(JSON.parse(upstream.received[0]?.body ?? '{}').service_tier).toBe('default');
  });

  it('is the dearest there is where it is left to the account', async () => {
    upstream.behave(answerJson(200, chat()));
    await settled();
    const standard = await ask('/v1/chat/completions', { model: 'openai/gpt-4.1', ...question });
    await settled();
    const account = await ask('/v1/chat/completions', { model: 'openai-as-set/gpt-4.1', ...question });
    expect(account.sent.service_tier).toBeUndefined();
    expect(account.held).toBeGreaterThanOrEqual(standard.held * 1.75);
    expect(account.held).toBeLessThan(standard.held * 1.77);
    await settled();
    upstream.behave(answerJson(200, chat({ prompt_tokens: 1_000, total_tokens: 1_010 }, { service_tier: 'priority' })));
    const dear = await ask('/v1/chat/completions', { model: 'openai-as-set/gpt-4.1', ...question });
    expect(dear.cost).toBeCloseTo(1.75 * (1_000 * 2e-6 + 10 * 8e-6), 9);
    expect(dear.cost).toBeLessThanOrEqual(dear.held);
  });
});

describe('what a target replaces in the body', () => {
  it('is held for, in place of what the caller asked', async () => {
    upstream.behave(answerJson(200, chat()));
    await settled();
    const { sent, held } = await ask('/v1/chat/completions', { model: 'eager', ...question });
    expect(sent).toMatchObject({ max_tokens: 30_000, service_tier: 'priority' });
    expect(held).toBeGreaterThan(30_000 * 8e-6 * 1.75);
  });
});

describe('a predicted output', () => {
  it('is held for as output beside the answer', async () => {
    upstream.behave(answerJson(200, chat()));
    await settled();
    const plain = await ask('/v1/chat/completions', { model: 'openai/gpt-4.1', ...question });
    await settled();
    const prediction = { type: 'content', content: 'x'.repeat(10_000) };
    const { held } = await ask('/v1/chat/completions', { model: 'openai/gpt-4.1', prediction, ...question });
    expect(held - plain.held).toBeGreaterThan(10_000 * 8e-6);
  });
});

describe('a provider that routes on by itself', () => {
  it('is told the price that is held, or the lower one that was asked for', async () => {
    upstream.behave(answerJson(200, chat()));
    const one = await ask('/v1/chat/completions', { model: 'openrouter/openai/gpt-4o', ...question });
    expect(one.sent.provider).toEqual({ max_price: { prompt: 2.5, completion: 10 } });
    const two = await ask('/v1/chat/completions', {
      model: 'openrouter/openai/gpt-4o',
      provider: { max_price: { prompt: 99, completion: 11 }, sort: 'price' },
      ...question,
    });
    expect(two.sent.provider).toEqual({ max_price: { prompt: 2.5, completion: 10 }, sort: 'price' });
    const three = await ask('/v1/chat/completions', { model: 'openrouter/openai/gpt-4o', ...question }, gateway.key);
    expect(three.sent.provider).toBeUndefined();
  });

  it('is held for and charged with the search of its plugin', async () => {
    const cites = { role: 'assistant', content: 'Hi', annotations: [{ type: 'url_citation', url_citation: { url: 'https://a.test' } }] };
    upstream.behave(answerJson(200, chat({}, { choices: [{ index: 0, message: cites, finish_reason: 'stop' }] })));
    await settled();
    const { held, cost } = await ask('/v1/chat/completions', { model: 'openrouter/openai/gpt-4o', plugins: [{ id: 'web' }], ...question });
    expect(held).toBeGreaterThan(0.025);
    expect(cost).toBeCloseTo(0.025 + 10 * 2.5e-6 + 10 * 10e-6, 9);
  });
});

const response = (output: object[], more: object = {}) => ({
  id: 'resp_1',
  object: 'response',
  created_at: 1,
  status: 'completed',
  model: 'gpt-5',
  output: [
    ...output,
    { type: 'message', id: 'm', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'Hi', annotations: [] }] },
  ],
  usage: { input_tokens: 1_000, output_tokens: 10, total_tokens: 1_010 },
  ...more,
});

describe('tools that OpenAI runs', () => {
  const tools = [
    { type: 'web_search' },
    { type: 'file_search', vector_store_ids: ['vs_1'] },
    { type: 'code_interpreter', container: { type: 'auto', memory_limit: '4g' } },
  ];

  it('are bounded by what is sent, held for and charged', async () => {
    const output = [
      { type: 'web_search_call', id: 'w', status: 'completed' },
      { type: 'file_search_call', id: 'f', status: 'completed' },
      { type: 'code_interpreter_call', id: 'c', container_id: 'cntr_1', status: 'completed' },
    ];
    upstream.behave(answerJson(200, response(output, { tools })));
    await settled();
    const { sent, held, cost } = await ask('/v1/responses', { model: 'openai/gpt-5', input: 'Hello', max_output_tokens: 100, tools });
    expect(sent.max_tool_calls).toBe(4);
    const fees = 0.01 + 0.0025 + 0.12;
    expect(cost).toBeCloseTo(fees + 1_000 * 1.25e-6 + 10 * 10e-6, 9);
    expect(held).toBeGreaterThan(4 * 0.01 + 4 * 0.0025 + 0.12);
    await settled();
    const own = await ask('/v1/responses', { model: 'openai/gpt-5', input: 'Hello', max_output_tokens: 100, tools, max_tool_calls: 9 });
    expect(own.sent.max_tool_calls).toBe(9);
    expect(own.held).toBeGreaterThan(held);
    expect((await ask('/v1/responses', { model: 'openai/gpt-5', input: 'Hello', tools }, gateway.key)).sent.max_tool_calls).toBeUndefined();
  });

  it('are held for where an item of the input declares them', async () => {
    upstream.behave(answerJson(200, response([{ type: 'web_search_call', id: 'w', status: 'completed' }])));
    await settled();
    const input = [
      { role: 'user', content: 'Hello' },
      { type: 'additional_tools', role: 'developer', tools: [{ type: 'web_search' }] },
    ];
    const { sent, held, cost } = await ask('/v1/responses', { model: 'openai/gpt-5', input, max_output_tokens: 100 });
    expect(sent.max_tool_calls).toBe(4);
    expect(cost).toBeGreaterThan(0.01);
    expect(held).toBeGreaterThan(4 * 0.01);
  });

  it('are refused under a budget where nobody can tell what they cost', async () => {
    const drawing = await ask('/v1/responses', { model: 'openai/gpt-5', input: 'Draw', tools: [{ type: 'image_generation' }] });
    expect(drawing).toMatchObject({ status: 402, body: { error: { code: 'unpriced_model', param: 'tools' } } });
    const old = await ask('/v1/responses', {
      model: 'openai/gpt-5',
      input: 'Run',
      tools: [{ type: 'code_interpreter', container: 'cntr_1' }],
    });
    expect(old).toMatchObject({ status: 400, body: { error: { code: 'unsupported_parameter', param: 'tools' } } });
    expect(upstream.received).toHaveLength(0);
  });
});

describe('a picture', () => {
  const drawn = (more: object) => ({ model: 'openai/gpt-image-2.6-flare', prompt: 'A cat', ...more });

  it('is held for by its tokens, and refused under a budget as vectors, which a model writes that nobody can price', async () => {
    const usage = {
      input_tokens: 10,
      output_tokens: 1_000,
      total_tokens: 1_010,
      input_tokens_details: { text_tokens: 10, image_tokens: 0 },
    };
    upstream.behave(answerJson(200, { created: 1, data: [{ b64_json: 'AAAA' }], usage }));
    await settled();
    const painted = await ask('/v1/images/generations', drawn({ output_format: 'png' }));
    expect(painted.cost).toBeCloseTo(10 * 8e-6 + 1_000 * 30e-6, 9);
    expect(painted.held).toBeGreaterThan(painted.cost);
    const vectors = await ask('/v1/images/generations', drawn({ output_format: 'svg' }));
    expect(vectors).toMatchObject({ status: 402, body: { error: { code: 'unpriced_model', param: 'output_format' } } });
    expect(upstream.received).toHaveLength(1);
    expect((await ask('/v1/images/generations', drawn({ output_format: 'svg' }), gateway.key)).status).toBe(200);
  });
});

describe('tools that Anthropic runs', () => {
  it('are bounded by what is sent, held for and charged', async () => {
    const usage = { input_tokens: 1_000, output_tokens: 10, server_tool_use: { web_search_requests: 2 }, inference_geo: 'us' };
    const content = [{ type: 'text', text: 'Hi' }];
    const container = { id: 'container_1', expires_at: '2026-12-01T00:00:00Z' };
    upstream.behave(
      answerJson(200, {
        id: 'msg',
        type: 'message',
        role: 'assistant',
        model: 'claude-opus-5',
        content,
        stop_reason: 'end_turn',
        usage,
        container,
      }),
    );
    await settled();
    const tools = [
      { type: 'web_search_20250305', name: 'web_search' },
      { type: 'code_execution_20250825', name: 'code_execution' },
    ];
    const { sent, held, cost } = await ask('/v1/messages', { model: 'anthropic/claude-opus-5', max_tokens: 100, messages, tools });
    expect(sent.tools).toEqual([{ ...tools[0], max_uses: 10 }, tools[1]]);
    // The workspace keeps inference in the US, a tenth dearer, though nobody asked for it.
    expect(cost).toBeCloseTo(0.02 + 0.0125 + 1.1 * (1_000 * 5e-6 + 10 * 25e-6), 9);
    expect(held).toBeGreaterThan(10 * 0.01 + 0.0125);
  });
});

describe('tools without a bound', () => {
  const grok = (model: string) => ({ model, input: 'Hello', max_output_tokens: 100, tools: [{ type: 'web_search' }] });

  it('are refused under a budget, unless the operator assumes one', async () => {
    const refused = await ask('/v1/responses', grok('xai/grok-4'));
    expect(refused).toMatchObject({ status: 400, body: { error: { code: 'unsupported_parameter', param: 'tools' } } });
    expect(refused.body.error?.message).toContain('providers.xai.unbounded_tools');
    expect(upstream.received).toHaveLength(0);
    upstream.behave(answerJson(200, response([{ type: 'web_search_call', id: 'w', status: 'completed' }])));
    await settled();
    const assumed = await ask('/v1/responses', grok('xai-assumed/grok-4'));
    expect(assumed.status).toBe(200);
    expect(assumed.held).toBeGreaterThan(4 * 0.005);
    expect((await ask('/v1/responses', grok('xai/grok-4'), gateway.key)).status).toBe(200);
  });

  it('are refused under a budget where no price is known for them', async () => {
    const tools = [{ type: 'browser_search' }];
    const refused = await ask('/v1/chat/completions', { model: 'groq/openai/gpt-oss-120b', tools, ...question });
    expect(refused).toMatchObject({ status: 402, body: { error: { code: 'unpriced_model', param: 'tools' } } });
    expect(refused.body.error?.message).toContain("'browser_search'");
    upstream.behave(answerJson(200, chat()));
    expect((await ask('/v1/chat/completions', { model: 'groq/openai/gpt-oss-120b', tools, ...question }, gateway.key)).sent.tools).toEqual(
      tools,
    );
  });

  it('are bounded by the call where the provider charges by it', async () => {
    const grounded = (model: string) => `/v1beta/models/${model}:generateContent`;
    const body = {
      contents: [{ role: 'user', parts: [{ text: 'Hello' }] }],
      tools: [{ googleSearch: {} }],
      generationConfig: { maxOutputTokens: 100 },
    };
    const answer = {
      candidates: [
        { content: { role: 'model', parts: [{ text: 'Hi' }] }, finishReason: 'STOP', groundingMetadata: { webSearchQueries: ['a', 'b'] } },
      ],
      usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 10, totalTokenCount: 20 },
      modelVersion: 'gemini-2.5-flash',
    };
    upstream.behave(answerJson(200, answer));
    const old = await ask(grounded('google/gemini-2.5-flash'), body);
    expect(old.status).toBe(200);
    expect(old.cost).toBeGreaterThan(0.035);
    expect(old.cost).toBeLessThan(0.036);
    expect((await ask(grounded('google/gemini-3-pro-preview'), body)).status).toBe(400);
    const unknown = await ask(grounded('google/gemini-2.5-flash'), { ...body, tools: [{ exaAiSearch: { apiKey: 'x' } }] });
    expect([unknown.status, unknown.body.error?.message]).toEqual([402, expect.stringContaining("'exaAiSearch'")]);
  });

  it('are billed in the tier that Google names in a header', async () => {
    const answer = {
      candidates: [{ content: { role: 'model', parts: [{ text: 'Hi' }] }, finishReason: 'STOP' }],
      usageMetadata: { promptTokenCount: 1_000, candidatesTokenCount: 1_000, totalTokenCount: 2_000 },
      modelVersion: 'gemini-2.5-flash',
    };
    const body = {
      contents: [{ role: 'user', parts: [{ text: 'Hello' }] }],
      service_tier: 'priority',
      generationConfig: { maxOutputTokens: 2_000 },
    };
    const costIn = async (action: string, headers: Record<string, string>) => {
      const stream = action.startsWith('stream');
      upstream.behave((request, response) =>
        stream
          ? void response.writeHead(200, { 'content-type': 'text/event-stream', ...headers }).end(`data: ${JSON.stringify(answer)}\n\n`)
          : answerJson(200, answer, headers)(request, response),
      );
      const response = await fetch(`${gateway.url}/v1beta/models/google/gemini-2.5-flash:${action}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${limited}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      const text = await response.text();
      return Number(stream ? /"cost_usd":([\d.]+)/.exec(text)?.[1] : response.headers.get('x-sluice-cost-usd'));
    };
    for (const action of ['generateContent', 'streamGenerateContent?alt=sse']) {
      expect(await costIn(action, { 'x-gemini-service-tier': 'priority' }), action).toBeCloseTo(0.0056, 6);
      expect(await costIn(action, { 'x-gemini-service-tier': 'standard' }), action).toBeCloseTo(0.0028, 6);
    }
  });
});
