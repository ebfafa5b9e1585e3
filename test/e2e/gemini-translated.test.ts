import { existsSync, readFileSync } from 'node:fs';
import { GoogleGenAI } from '@google/genai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answerEvents } from '../support/event-upstream.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, startUpstream, type TestUpstream } from '../support/upstream.ts';

const folder = '../shared/recordings/anthropic-messages';
const recorded = (name: string) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'));
const recordedEvents = (name: string) =>
  readFileSync(`${folder}/${name}`, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line));

let upstream: TestUpstream;
let gateway: TestGateway;
let client: GoogleGenAI;

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway({
    config: {
      providers: {
        anthropic: { base_url: upstream.url, api_key: 'env:UP_KEY', allow_private_address: true },
        openai: { base_url: upstream.url, api_key: 'env:UP_KEY', allow_private_address: true },
        bedrock: { base_url: new URL(upstream.url).origin, api_key: 'env:UP_KEY', allow_private_address: true },
        chat: { type: 'openai-compatible', base_url: upstream.url, api_key: 'env:UP_KEY', allow_private_address: true },
      },
      defaults: { retries: 0 },
    },
    environment: { UP_KEY: 'provider-secret' },
  });
  client = new GoogleGenAI({ apiKey: gateway.key, httpOptions: { baseUrl: gateway.url, retryOptions: { attempts: 1 } } });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});
beforeEach(() => {
  upstream.received.length = 0;
});

const model = 'anthropic/claude-sonnet-4-5';
const weather = {
  functionDeclarations: [{ name: 'weather', parametersJsonSchema: { type: 'object', properties: { city: { type: 'string' } } } }],
};

describe.skipIf(!existsSync(folder))("Claude behind Google's client", () => {
  it('answers whole: thoughts, text, finish and counts', async () => {
    upstream.behave(answerJson(200, recorded('anthropic-clear-thinking.1.json')));
    const answer = await client.models.generateContent({
      model,
      contents: 'Divide it by 5',
      config: { thinkingConfig: { thinkingBudget: 2000 }, maxOutputTokens: 4000, systemInstruction: 'Be brief.' },
    });
    expect(answer.text).toBe('925 ÷ 5 = 185');
    expect(answer.candidates?.[0]?.content?.parts?.[0]).toMatchObject({ text: '925 divided by 5 = 185', thought: true });
    expect(answer.candidates?.[0]?.finishReason).toBe('STOP');
    expect(answer.usageMetadata).toMatchObject({ promptTokenCount: 69, totalTokenCount: 102 });
    expect(JSON.parse(upstream.received[0]?.body ?? '')).toMatchObject({
      model: 'claude-sonnet-4-5',
      max_tokens: 4000,
      system: [{ type: 'text', text: 'Be brief.' }],
      thinking: { type: 'enabled', budget_tokens: 2000 },
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Divide it by 5' }] }],
    });
  });

  it('streams, and its signature comes back to it in the next turn', async () => {
    const events = recordedEvents('anthropic-clear-thinking.1.chunks.txt');
    upstream.behave(answerEvents(events));
    const chat = client.chats.create({ model, config: { tools: [weather] } });
    let text = '';
    let thought = '';
    let finish: string | undefined;
    for await (const chunk of await chat.sendMessageStream({ message: 'Divide it by 5' })) {
      for (const part of chunk.candidates?.[0]?.content?.parts ?? [])
        if (part.thought) thought += part.text ?? '';
        else text += part.text ?? '';
      finish = chunk.candidates?.[0]?.finishReason ?? finish;
    }
    const deltas = events.filter(({ type }) => type === 'content_block_delta').map(({ delta }) => delta);
    const signature = deltas.find((delta) => delta.type === 'signature_delta').signature;
    const written = (type: string, field: string) =>
      deltas
        .filter((delta) => delta.type === type)
        .map((delta) => delta[field])
        .join('');
    expect(text).toBe(written('text_delta', 'text'));
    expect(thought).toBe(written('thinking_delta', 'thinking'));
    expect(finish).toBe('STOP');

    upstream.behave(answerJson(200, recorded('anthropic-clear-thinking.1.json')));
    await chat.sendMessage({ message: 'And by 10?' });
    const sent = JSON.parse(upstream.received.at(-1)?.body ?? '');
    expect(sent.messages[1]).toEqual({
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: thought, signature },
        { type: 'text', text },
      ],
    });
  });

  it('names what it could not carry', async () => {
    upstream.behave(answerJson(200, recorded('anthropic-clear-thinking.1.json')));
    const answer = await client.models.generateContent({ model, contents: 'Hi', config: { safetySettings: [] } });
    expect(answer.sdkHttpResponse?.headers?.['x-sluice-dropped']).toBe('safetySettings');
  });

  it('refuses a prompt that lies with Google, in the shape of Google', async () => {
    const error = await client.models
      .generateContent({ model, contents: 'Hi', config: { cachedContent: 'cachedContents/x' } })
      .catch((thrown) => thrown);
    expect(error.status).toBe(400);
    expect(JSON.parse(error.message).error).toMatchObject({
      status: 'INVALID_ARGUMENT',
      details: [{ reason: 'unsupported_parameter' }, {}],
    });
  });
});

/** Answers of other makers, recorded, by the provider that speaks their format. */
const foreign = [
  ['openai-chat', 'chat/gpt', 'openai-text'],
  ['openai-responses', 'openai/gpt-5', 'openai-custom-tool.1'],
  ['bedrock-converse', 'bedrock/us.amazon.nova-pro-v1:0', 'amazon-bedrock-text'],
  ['bedrock-converse', 'bedrock/us.amazon.nova-pro-v1:0', 'amazon-bedrock-tool-call.1'],
] as const;

describe.skipIf(!existsSync('../shared/recordings'))("A recorded answer of another maker behind Google's client", () => {
  it.each(foreign)('of %s keeps its text, its calls, its finish and its counts (%s, %s)', async (kind, foreignModel, name) => {
    const source = JSON.parse(readFileSync(`../shared/recordings/${kind}/${name}.json`, 'utf8'));
    upstream.behave(answerJson(200, source));
    const answer = await client.models.generateContent({ model: foreignModel, contents: 'Hi', config: { tools: [weather] } });
    const told = tellTale(kind, source);
    expect(answer.text ?? '').toBe(told.text);
    expect(answer.functionCalls ?? []).toMatchObject(told.calls);
    expect(answer.candidates?.[0]?.finishReason).toBe('STOP');
    expect(answer.usageMetadata).toMatchObject({ promptTokenCount: told.input, totalTokenCount: told.input + told.output });
  });
});

/** What a recording says, read by hand. */
function tellTale(kind: (typeof foreign)[number][0], source: Record<string, never>) {
  const body = JSON.parse(JSON.stringify(source));
  if (kind === 'openai-chat')
    return { text: body.choices[0].message.content, calls: [], input: body.usage.prompt_tokens, output: body.usage.completion_tokens };
  if (kind === 'bedrock-converse') {
    const { content } = body.output.message;
    return {
      text: content.map((part: { text?: string }) => part.text ?? '').join(''),
      calls: content.flatMap((part: { toolUse?: { name: string; input: object } }) =>
        part.toolUse === undefined ? [] : [{ name: part.toolUse.name, args: part.toolUse.input }],
      ),
      input: body.usage.inputTokens,
      output: body.usage.outputTokens,
    };
  }
  const calls = body.output.filter(({ type }: { type: string }) => type === 'custom_tool_call');
  return {
    text: '',
    calls: calls.map(({ name, input }: { name: string; input: string }) => ({ name, args: { input } })),
    input: body.usage.input_tokens,
    output: body.usage.output_tokens,
  };
}

describe("The echo provider behind Google's client", () => {
  it('answers whole and streamed, calls tools and fails to order', async () => {
    const answer = await client.models.generateContent({ model: 'echo/ok', contents: 'One two three' });
    expect(answer.text).toBe('One two three');
    const chunks: string[] = [];
    for await (const chunk of await client.models.generateContentStream({ model: 'echo/ok', contents: 'One two three' }))
      chunks.push(chunk.text ?? '');
    expect(chunks.join('')).toBe('One two three');
    const called = await client.models.generateContent({ model: 'echo/tool-call', contents: 'Weather?', config: { tools: [weather] } });
    expect(called.functionCalls?.[0]).toMatchObject({ name: 'weather' });
    await expect(client.models.generateContent({ model: 'echo/error-503', contents: 'Hi' })).rejects.toMatchObject({ status: 502 });
    const cut = (async () => {
      for await (const _ of await client.models.generateContentStream({ model: 'echo/cut-mid-stream', contents: 'One two three four' }));
    })();
    await expect(cut).rejects.toMatchObject({ name: 'ApiError', status: 502 });
  });
});
