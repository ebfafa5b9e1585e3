import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { semanticQuestion } from '../../shared/cache/semantic-question.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, configFor, pause, startUpstream, type TestUpstream } from '../support/upstream.ts';

const dimensions = 64;
/** An embedding in which texts with the same words lie close together: one count per word. */
function embeddingOf(text: string): number[] {
  const vector = new Array<number>(dimensions).fill(0);
  for (const word of text.toLowerCase().match(/[a-z]+/g) ?? []) {
    const at = [...word].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % dimensions, 7);
    vector[at] = (vector[at] ?? 0) + 1;
  }
  return vector;
}

let answers = 0;
let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway({
    config: configFor(upstream, {
      defaults: { retries: 0 },
      models: {
        alike: { targets: ['up/m'], cache: { ttl_seconds: 3600, semantic: { model: 'up/embedder', threshold: 0.85 } } },
        exact: { targets: ['up/m'], cache: { ttl_seconds: 3600 } },
      },
    }),
    environment: { UP_KEY: 'provider-secret' },
  });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});
beforeEach(() => {
  upstream.received.length = 0;
  upstream.behave((request, response) => {
    const body = JSON.parse(request.body);
    if (request.path.endsWith('/embeddings')) {
      return answerJson(200, {
        object: 'list',
        model: 'embedder',
        data: [{ object: 'embedding', index: 0, embedding: embeddingOf(body.input) }],
        usage: { prompt_tokens: 4, total_tokens: 4 },
      })(request, response);
    }
    return answerJson(200, {
      id: `chatcmpl-${++answers}`,
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: `answer ${answers}` }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
    })(request, response);
  });
});

const calls = (path: string) => upstream.received.filter((request) => request.path.endsWith(path)).length;

async function ask(content: unknown, more: object = {}, options: { key?: string; headers?: Record<string, string> } = {}) {
  const { messages = [], ...rest } = more as { messages?: object[] };
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${options.key ?? gateway.key}`, ...options.headers },
    body: JSON.stringify({ model: 'alike', ...rest, messages: [...messages, { role: 'user', content }] }),
  });
  const text = await response.text();
  return {
    status: response.status,
    cache: response.headers.get('x-sluice-cache'),
    similarity: response.headers.get('x-sluice-cache-similarity'),
    cost: response.headers.get('x-sluice-cost-usd'),
    key: response.headers.get('x-sluice-cache-key'),
    text,
  };
}

async function stored(content: unknown, more: object = {}, options: { key?: string } = {}) {
  const first = await ask(content, more, options);
  await expect.poll(async () => (await ask(content, more, options)).cache).toBe('hit');
  return first;
}

describe('the semantic cache', () => {
  it('answers a question that was asked in other words, and says how near it is', async () => {
    const first = await stored('How do I reset my password for the customer portal please');
    const other = await ask('Please how do I reset the password for my customer portal');
    expect(other.cache).toBe('semantic');
    expect(Number(other.similarity)).toBeGreaterThan(0.85);
    expect(other.text).toBe(first.text);
    expect(other.cost).toBe('0');
    expect(calls('/chat/completions')).toBe(1);
    // From then on it is found under its own key, without an embedding, and still told for what it is.
    await pause(150);
    const embeddings = calls('/embeddings');
    const again = await ask('Please how do I reset the password for my customer portal');
    expect(again.cache).toBe('semantic');
    expect(again.similarity).toBe(other.similarity);
    expect(calls('/embeddings')).toBe(embeddings);
    const streamed = await ask('For the customer portal how do I reset my password please', { stream: true });
    expect(streamed.cache).toBe('semantic');
    expect(streamed.text).toContain('data: [DONE]');
  });

  it('takes another question for another one', async () => {
    await stored('What is the capital of France');
    expect((await ask('Which colour has the evening sky over Rome')).cache).toBe('miss');
  });

  it('never goes past what must be the same: earlier turns, instructions, parameters, tenant', async () => {
    const question = 'Where can I see the invoices of last year';
    const likeIt = 'Where can I see invoices of the last year';
    await stored(question);
    const system = { messages: [{ role: 'system', content: 'You are the bank.' }] };
    const history = {
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello' },
      ],
    };
    const { key } = await gateway.createKey({ name: 'stranger', team: 'other' });
    expect((await ask(likeIt, system)).cache).toBe('miss');
    expect((await ask(likeIt, history)).cache).toBe('miss');
    expect((await ask(likeIt, { seed: 1 })).cache).toBe('miss');
    expect((await ask(likeIt, {}, { key })).cache).toBe('miss');
    expect((await ask(likeIt, {}, { headers: { 'x-sluice-cache-namespace': 'n' } })).cache).toBe('miss');
    expect((await ask(likeIt)).cache).toBe('semantic');
  });

  it('compares nothing where a turn is not text alone, and asks for no embedding where it is not turned on', async () => {
    await ask([{ type: 'image_url', image_url: { url: 'https://a.example/b.png' } }]);
    await ask('a question', { model: 'exact' });
    await ask('a question', {}, { headers: { 'x-sluice-cache-key': 'named' } });
    expect(calls('/embeddings')).toBe(0);
  });

  it('goes on without embeddings when they fail', async () => {
    upstream.behave((request, response) =>
      request.path.endsWith('/embeddings')
        ? answerJson(500, { error: { message: 'down' } })(request, response)
        : answerJson(200, {
            id: 'c',
            object: 'chat.completion',
            created: 1,
            model: 'm',
            choices: [{ index: 0, message: { role: 'assistant', content: 'fine' }, finish_reason: 'stop' }],
          })(request, response),
    );
    expect(await ask('What happens without embeddings')).toMatchObject({ status: 200, cache: 'miss' });
    await expect.poll(async () => (await ask('What happens without embeddings')).cache).toBe('hit');
  });

  it('writes every embedding down as a call of its own, with what it cost', async () => {
    await ask('A question whose embedding is on the books');
    const line = await gateway.logged(
      ({ message, dialect, requested_model: model }) => message === 'call' && dialect === 'embeddings' && model === 'up/embedder',
    );
    expect(line).toMatchObject({ served_by: 'up/embedder', cost_nano_usd: 4_000 });
  });

  it('is purged by the key that it tells, with all that was likened to it', async () => {
    const first = await stored('How late does the last ferry to the island leave');
    const likened = await ask('How late does the last ferry leave to the island');
    expect(likened).toMatchObject({ cache: 'semantic', key: first.key, text: first.text });
    await pause(150);
    const again = await ask('How late does the last ferry leave to the island');
    expect(again).toMatchObject({ cache: 'semantic', key: first.key });
    expect((await gateway.admin('DELETE', `/admin/cache?key=${again.key}`)).body).toMatchObject({ found: true });
    expect((await ask('How late does the last ferry leave to the island')).cache).toBe('miss');
  });

  it('is purged with the answers it leads to', async () => {
    await stored('Which days is the shop in the harbour open');
    await gateway.admin('DELETE', '/admin/cache?model=alike');
    await pause(5_200);
    expect((await ask('Which days is the harbour shop open in the')).cache).toBe('miss');
  });
});

describe('a question taken apart', () => {
  const text = 'Where is it?';
  it.each([
    [
      'chat-completions',
      {
        messages: [
          { role: 'system', content: 's' },
          { role: 'user', content: text },
        ],
      },
      {
        messages: [
          { role: 'system', content: 's' },
          { role: 'user', content: '' },
        ],
      },
    ],
    [
      'messages',
      { system: 's', messages: [{ role: 'user', content: [{ type: 'text', text }] }] },
      { system: 's', messages: [{ role: 'user', content: '' }] },
    ],
    ['responses', { input: text, tools: [] }, { input: '', tools: [] }],
    ['responses', { input: [{ role: 'user', content: [{ type: 'input_text', text }] }] }, { input: [{ role: 'user', content: '' }] }],
    ['gemini', { contents: [{ parts: [{ text }] }] }, { contents: [{ parts: '' }] }],
    ['completions', { prompt: text }, { prompt: '' }],
  ] as const)('is the last words and the rest, in %s', (dialect, body, rest) => {
    expect(semanticQuestion({ dialect, body: JSON.parse(JSON.stringify(body)) })).toEqual({ text, rest });
  });

  it.each([
    ['chat-completions', { messages: [{ role: 'tool', content: 'x', tool_call_id: 'c' }] }],
    ['chat-completions', { messages: [{ role: 'assistant', content: 'x' }] }],
    ['messages', { messages: [{ role: 'user', content: [{ type: 'tool_result', content: 'x' }] }] }],
    ['gemini', { contents: [{ parts: [{ text, thought: true }] }] }],
    ['embeddings', { input: text }],
    ['completions', { prompt: ['a', 'b'] }],
    ['chat-completions', { messages: [{ role: 'user', content: ' ' }] }],
  ] as const)('is nothing in %s where more than words was said, or nothing', (dialect, body) => {
    expect(semanticQuestion({ dialect, body: JSON.parse(JSON.stringify(body)) })).toBeUndefined();
  });
});
