import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { plainAnswer } from '../conformance/plain-answers.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startUpstream, type TestUpstream } from '../support/upstream.ts';

let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream(plainAnswer);
  const at = { base_url: new URL(upstream.url).origin, allow_private_address: true, api_key: 'env:UP_KEY' };
  gateway = await startGateway({
    config: {
      providers: {
        anthropic: { ...at, prompt_cache: '5m' },
        hour: { ...at, type: 'anthropic', prompt_cache: '1h' },
        plain: { ...at, type: 'anthropic' },
        bedrock: { ...at, prompt_cache: '5m' },
        openai: { ...at, prompt_cache: '5m' },
      },
      models: { own: { targets: [{ model: 'anthropic/claude-opus-4-8', overrides: { cache_control: { type: 'ephemeral' } } }] } },
      defaults: { retries: 0 },
    },
    environment: { UP_KEY: 'provider-secret' },
  });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});
beforeEach(() => {
  upstream.received.length = 0;
});

const claude = 'claude-opus-4-8';
const mark = { cache_control: { type: 'ephemeral' } };
const instructions = 'You are terse.';

async function sent(path: string, body: object, key = gateway.key) {
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ max_tokens: 100, ...body }),
  });
  expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
  return { headers: response.headers, body: JSON.parse(upstream.received[0]?.body ?? '{}') };
}

const conversation = [
  { role: 'user', content: 'One?' },
  { role: 'assistant', content: 'One.' },
  { role: 'user', content: 'Two?' },
];

describe('Messages', () => {
  it('are marked at the end of the instructions, and no first question', async () => {
    const { body } = await sent('/v1/messages', { model: `anthropic/${claude}`, system: instructions, messages: conversation.slice(0, 1) });
    expect(body.system).toEqual([{ type: 'text', text: instructions, ...mark }]);
    expect(body.messages).toEqual([{ role: 'user', content: 'One?' }]);
    expect(body.cache_control).toBeUndefined();
  });

  it('of a conversation are marked at its latest turn too', async () => {
    const turns = [
      ...conversation.slice(0, 2),
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look.' },
          { type: 'text', text: 'Two?' },
          { type: 'text', text: '' },
        ],
      },
    ];
    const { body } = await sent('/v1/messages', {
      model: `hour/${claude}`,
      system: [{ type: 'text', text: instructions }],
      messages: turns,
    });
    const hour = { cache_control: { type: 'ephemeral', ttl: '1h' } };
    expect(body.system).toEqual([{ type: 'text', text: instructions, ...hour }]);
    expect(body.messages[2].content).toEqual([
      { type: 'text', text: 'Look.' },
      { type: 'text', text: 'Two?', ...hour },
      { type: 'text', text: '' },
    ]);
    expect(body.messages.slice(0, 2)).toEqual(turns.slice(0, 2));
  });

  it('without instructions are marked at the last tool that is sent with its definition', async () => {
    const tools = [
      { name: 'a', input_schema: { type: 'object' } },
      { name: 'b', input_schema: { type: 'object' }, defer_loading: true },
    ];
    const { body } = await sent('/v1/messages', { model: `anthropic/${claude}`, tools, messages: conversation.slice(0, 1) });
    expect(body.tools).toEqual([{ ...tools[0], ...mark }, tools[1]]);
  });

  it.each([
    ['marks something itself', { model: `anthropic/${claude}`, system: instructions, tools: [{ name: 'a', input_schema: {}, ...mark }] }],
    ['is for a provider that is not told to', { model: `plain/${claude}`, system: instructions }],
  ])('of a call that %s go as they came', async (_what, more) => {
    const { body } = await sent('/v1/messages', { ...more, messages: conversation });
    expect(body).toMatchObject({ system: instructions, messages: conversation });
  });

  it('leave it to a target that says it of the whole request', async () => {
    const { body } = await sent('/v1/messages', { model: 'own', system: instructions, messages: conversation });
    expect(body).toMatchObject({ ...mark, system: instructions, messages: conversation });
  });

  it('to Bedrock are marked as to Anthropic', async () => {
    const model = `bedrock/us.anthropic.${claude}`;
    const { body } = await sent('/v1/messages', { model, system: instructions, messages: conversation });
    expect(body.system).toEqual([{ type: 'text', text: instructions, ...mark }]);
    expect(body.messages[2].content).toEqual([{ type: 'text', text: 'Two?', ...mark }]);
  });
});

describe('chat completions', () => {
  const messages = [{ role: 'system', content: instructions }, ...conversation];

  it('are marked on their way to Claude', async () => {
    const { body, headers } = await sent('/v1/chat/completions', { model: `anthropic/${claude}`, messages });
    expect(body.system).toEqual([{ type: 'text', text: instructions, ...mark }]);
    expect(body.messages[2].content).toEqual([{ type: 'text', text: 'Two?', ...mark }]);
    expect(headers.get('x-sluice-dropped')).toBeNull();
  });

  it('are marked on their way through Converse', async () => {
    const { body, headers } = await sent('/v1/chat/completions', { model: `bedrock/us.anthropic.${claude}`, messages });
    const point = { cachePoint: { type: 'default' } };
    expect(body.system).toEqual([{ text: instructions }, point]);
    expect(body.messages[2].content).toEqual([{ text: 'Two?' }, point]);
    expect(headers.get('x-sluice-dropped')).toBeNull();
  });

  it('with tools and no instructions are marked at the tools, where there is a place for it', async () => {
    const tools = [{ type: 'function', function: { name: 'a', parameters: { type: 'object', properties: {} } } }];
    const { body } = await sent('/v1/chat/completions', { model: `anthropic/${claude}`, messages: conversation.slice(0, 1), tools });
    expect(body.tools).toMatchObject([{ name: 'a', ...mark }]);
    upstream.received.length = 0;
    const other = await sent('/v1/chat/completions', {
      model: `bedrock/us.anthropic.${claude}`,
      messages: conversation.slice(0, 1),
      tools,
    });
    expect(JSON.stringify(other.body)).not.toContain('cachePoint');
    expect(other.headers.get('x-sluice-dropped')).toBeNull();
  });

  it('end in a result of a tool that is marked', async () => {
    const turns = [
      conversation[0],
      { role: 'assistant', content: null, tool_calls: [{ id: 't1', type: 'function', function: { name: 'a', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 't1', content: 'Four.' },
    ];
    const { body } = await sent('/v1/chat/completions', { model: `anthropic/${claude}`, messages: turns });
    expect(body.messages[2].content).toMatchObject([{ type: 'tool_result', ...mark }]);
  });

  it('to models that keep prompts unasked go as they came', async () => {
    const { body } = await sent('/v1/chat/completions', { model: 'openai/gpt-5.2', messages });
    expect(body.messages).toEqual(messages);
  });
});

it('what is marked is held at what writing costs', async () => {
  const held = async (provider: string) => {
    const { key } = await gateway.createKey({ name: provider, limits: { budgets: [{ amount_usd: 1000, period: 'day' }] } });
    const body = { model: `${provider}/${claude}`, max_tokens: 1, system: 'word '.repeat(2_000), messages: conversation };
    const { headers } = await sent('/v1/messages', body, key);
    return Number(headers.get('x-sluice-budget-held'));
  };
  const plain = await held('plain');
  upstream.received.length = 0;
  expect((await held('anthropic')) / plain).toBeCloseTo(1.25, 2);
  upstream.received.length = 0;
  expect((await held('hour')) / plain).toBeCloseTo(2, 2);
});
