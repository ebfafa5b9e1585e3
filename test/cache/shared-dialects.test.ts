import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, answerStream, configFor, pause, startUpstream, type TestUpstream } from '../support/upstream.ts';

let answers = 0;
let questions = 0;
let upstream: TestUpstream;
let gateway: TestGateway;

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
const toolCall = { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"at":"the sky"}' } };

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway({
    config: configFor(upstream, {
      defaults: { retries: 0 },
      models: {
        kept: { targets: ['up/m'], cache: { ttl_seconds: 3600 } },
        pair: { targets: ['up/m', 'up/n'], cache: { ttl_seconds: 3600 } },
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
    const content = `answer ${++answers} in words`;
    const head = { id: `chatcmpl-${answers}`, created: 1, model: 'm' };
    const calls = request.body.includes('"tools"');
    if (request.body.includes('"stream":true')) {
      const chunk = (delta: object, end: string | null = null) =>
        JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: end }] });
      const said = calls
        ? [chunk({ tool_calls: [{ index: 0, ...toolCall }] })]
        : content.split(/(?<= )/).map((word) => chunk({ content: word }));
      const end = JSON.stringify({ ...head, object: 'chat.completion.chunk', choices: [], usage });
      return answerStream([chunk({ role: 'assistant', content: '' }), ...said, chunk({}, calls ? 'tool_calls' : 'stop'), end])(
        request,
        response,
      );
    }
    const message = calls ? { role: 'assistant', content: null, tool_calls: [toolCall] } : { role: 'assistant', content };
    const choices = [{ index: 0, message, finish_reason: calls ? 'tool_calls' : 'stop' }];
    return answerJson(200, { ...head, object: 'chat.completion', choices, usage })(request, response);
  });
});

async function post(path: string, body: object, headers: Record<string, string> = {}) {
  const response = await fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${gateway.key}`, ...headers },
    body: JSON.stringify(body),
  });
  const header = (name: string) => response.headers.get(name);
  return {
    status: response.status,
    cache: header('x-sluice-cache'),
    key: header('x-sluice-cache-key'),
    etag: header('etag'),
    text: await response.text(),
  };
}

/** The same question in each dialect that the provider does not speak itself. */
const asks = {
  messages: (text: string, stream = false, more = {}) =>
    post(
      '/v1/messages',
      { model: 'kept', max_tokens: 100, temperature: 0, messages: [{ role: 'user', content: text }], ...(stream && { stream }), ...more },
      { 'anthropic-version': '2023-06-01' },
    ),
  responses: (text: string, stream = false, more = {}) =>
    post('/v1/responses', { model: 'kept', max_output_tokens: 100, temperature: 0, input: text, ...(stream && { stream }), ...more }),
  gemini: (text: string, stream = false, more = {}) =>
    post(`/v1beta/models/kept:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`, {
      contents: [{ role: 'user', parts: [{ text }] }],
      generationConfig: { maxOutputTokens: 100, temperature: 0 },
      ...more,
    }),
} as const;
type DialectName = keyof typeof asks;
const names: DialectName[] = ['messages', 'responses', 'gemini'];
const ends = { messages: 'message_stop', responses: 'response.completed', gemini: '"finishReason":"STOP"' } as const;

/** What was said, in a body of a dialect. */
function saidIn(name: DialectName, text: string): string {
  const body = JSON.parse(text);
  if (name === 'messages') return body.content[0].text;
  if (name === 'responses') return body.output.find(({ type }: { type: string }) => type === 'message').content[0].text;
  return body.candidates[0].content.parts[0].text;
}

const fresh = () => `question ${++questions}`;

async function stored(name: DialectName, text: string, stream: boolean, more = {}) {
  const first = await asks[name](text, stream, more);
  expect(first).toMatchObject({ status: 200, cache: 'miss' });
  await expect.poll(async () => (await asks[name](text, false, more)).cache).toBe('hit');
  return first;
}

describe('dialects that ask a provider by translation', () => {
  it.each(
    names.flatMap(
      (name) =>
        [
          [name, 'a body'],
          [name, 'a stream'],
        ] as const,
    ),
  )('share what %s got as %s', async (first, form) => {
    const question = fresh();
    const original = await stored(first, question, form === 'a stream');
    for (const name of names) {
      const body = await asks[name](question);
      expect(body, name).toMatchObject({ status: 200, cache: 'hit', key: original.key });
      expect(saidIn(name, body.text)).toBe(`answer ${answers} in words`);
      const streamed = await asks[name](question, true);
      expect(streamed, name).toMatchObject({ status: 200, cache: 'hit', etag: `W/${body.etag}` });
      expect(streamed.text).toContain(ends[name]);
    }
    if (form === 'a body') expect((await asks[first](question)).text).toBe(original.text);
    expect(new Set(await Promise.all(names.map(async (name) => (await asks[name](question)).etag))).size).toBe(names.length);
    expect(upstream.received).toHaveLength(1);
  });

  it("are read by their vendors' own clients, whoever asked first", async () => {
    const question = fresh();
    await stored('gemini', question, true);
    const said = `answer ${answers} in words`;
    const anthropic = new Anthropic({ baseURL: gateway.url, apiKey: gateway.key, maxRetries: 0 });
    const asked = { model: 'kept', max_tokens: 100, messages: [{ role: 'user' as const, content: question }], temperature: 0 };
    expect((await anthropic.messages.create(asked)).content).toMatchObject([{ type: 'text', text: said }]);
    expect(await anthropic.messages.stream(asked).finalText()).toBe(said);
    const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 });
    const wanted = { model: 'kept', max_output_tokens: 100, input: question, temperature: 0 };
    expect((await openai.responses.create(wanted)).output_text).toBe(said);
    expect((await openai.responses.stream(wanted).finalResponse()).output_text).toBe(said);
    const google = new GoogleGenAI({ apiKey: gateway.key, httpOptions: { baseUrl: gateway.url } });
    const contents = [{ role: 'user', parts: [{ text: question }] }];
    const config = { maxOutputTokens: 100, temperature: 0 };
    expect((await google.models.generateContent({ model: 'kept', contents, config })).text).toBe(said);
    expect(upstream.received).toHaveLength(1);
  });

  it('share a call that is under way', async () => {
    const question = fresh();
    const behaviour = answerJson(200, {
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content: 'for all' }, finish_reason: 'stop' }],
      usage,
    });
    upstream.behave(async (request, response) => {
      await pause(400);
      await behaviour(request, response);
    });
    const replies = await Promise.all(names.flatMap((name) => [asks[name](question), asks[name](question)]));
    expect(replies.filter(({ cache }) => cache === 'miss')).toHaveLength(1);
    expect(replies.filter(({ cache }) => cache === 'coalesced')).toHaveLength(5);
    for (const [index, { text }] of replies.entries()) expect(saidIn(names[Math.floor(index / 2)] ?? 'messages', text)).toBe('for all');
    expect(upstream.received).toHaveLength(1);
  });

  it('share calls of tools, under the ids that the model gave them', async () => {
    const schema = { type: 'object', properties: { at: { type: 'string' } }, required: ['at'] };
    const tools = {
      messages: { tools: [{ name: 'look', description: 'Looks', input_schema: schema }] },
      responses: { tools: [{ type: 'function', name: 'look', description: 'Looks', parameters: schema }] },
      gemini: { tools: [{ functionDeclarations: [{ name: 'look', description: 'Looks', parametersJsonSchema: schema }] }] },
    };
    const question = fresh();
    await stored('messages', question, true, tools.messages);
    const body = JSON.parse((await asks.messages(question, false, tools.messages)).text);
    expect(body.content).toMatchObject([{ type: 'tool_use', id: 'call_1', name: 'look', input: { at: 'the sky' } }]);
    for (const name of ['responses', 'gemini'] as const) {
      const { cache, text } = await asks[name](question, false, tools[name]);
      expect(cache, name).toBe('hit');
      expect(text).toContain('the sky');
    }
    const streamed = await asks.messages(question, true, tools.messages);
    expect(streamed.text).toContain('"stop_reason":"tool_use"');
  });

  it('share under every target of a route, in any order', async () => {
    const question = fresh();
    await stored('messages', question, false, { model: 'pair' });
    expect((await asks.responses(question, false, { model: 'pair' })).cache).toBe('hit');
    expect((await asks.responses(question)).cache).toBe('miss');
  });

  it('keep apart whatever differs in meaning, or may be told by one of them alone', async () => {
    const question = fresh();
    await stored('messages', question, false);
    expect((await asks.responses(question, false, { temperature: null })).cache).toBe('miss');
    expect((await asks.responses(question, false, { max_output_tokens: 99 })).cache).toBe('miss');
    expect((await asks.responses(question, false, { instructions: 'Be brief.' })).cache).toBe('miss');
    expect((await asks.responses(question, false, { reasoning: { effort: 'low' } })).cache).toBe('miss');
    expect((await asks.responses(question, false, { store: false })).cache).toBe('miss');
    expect((await asks.gemini(question, false, { safetySettings: [] })).cache).toBe('miss');
    const chat = { model: 'kept', max_tokens: 100, temperature: 0, messages: [{ role: 'user', content: question }] };
    // The provider speaks this one itself, and says more in it.
    expect((await post('/v1/chat/completions', chat)).cache).toBe('miss');
    const { key } = await gateway.createKey({ name: 'stranger', team: 'other' });
    const strangers = await post(
      '/v1/responses',
      { model: 'kept', max_output_tokens: 100, temperature: 0, input: question },
      { authorization: `Bearer ${key}` },
    );
    expect(strangers.cache).toBe('miss');
    expect((await asks.responses(question, false, { user: 'ada', metadata: { a: 'b' } })).cache).toBe('hit');
  });
});
