import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogle } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { ChatOpenAI } from '@langchain/openai';
import { generateText, type LanguageModel, streamText, tool } from 'ai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { startGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(async () => {
  await gateway?.close();
});

const weather = tool({
  description: 'Looks at the sky',
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => `Clear over ${city}`,
});

/** The ways in which docs/clients/vercel-ai-sdk.md points each package at the gateway. */
const packages: readonly (readonly [name: string, model: (id: string) => LanguageModel])[] = [
  ['openai, chat completions', (id) => createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key }).chat(id)],
  ['openai, responses', (id) => createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key }).responses(id)],
  [
    'openai-compatible',
    (id) => createOpenAICompatible({ name: 'sluice', includeUsage: true, baseURL: `${gateway.url}/v1`, apiKey: gateway.key }).chatModel(id),
  ],
  ['anthropic', (id) => createAnthropic({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key })(id)],
  ['google', (id) => createGoogle({ baseURL: `${gateway.url}/v1beta`, apiKey: gateway.key })(id)],
];

describe.each(packages)('The AI SDK through %s', (_name, model) => {
  it('gets text whole, with its finish and its counts', async () => {
    const { text, finishReason, usage } = await generateText({ model: model('echo/ok'), prompt: 'One two three' });
    expect(text).toBe('One two three');
    expect(finishReason).toBe('stop');
    expect(usage.outputTokens).toBe(3);
    expect(usage.inputTokens).toBeGreaterThan(0);
  });

  it('gets text as a stream', async () => {
    const pieces: string[] = [];
    const stream = streamText({ model: model('echo/ok'), prompt: 'One two three' });
    for await (const piece of stream.textStream) pieces.push(piece);
    expect(pieces.join('')).toBe('One two three');
    expect(pieces.length).toBeGreaterThan(1);
    expect((await stream.usage).outputTokens).toBe(3);
  });

  it('has its tools called', async () => {
    const { toolCalls, toolResults, finishReason } = await generateText({
      model: model('echo/tool-call'),
      prompt: 'Weather?',
      tools: { weather },
    });
    expect(toolCalls).toMatchObject([{ toolName: 'weather', input: { city: 'echo' } }]);
    expect(toolResults).toMatchObject([{ output: 'Clear over echo' }]);
    expect(finishReason).toBe('tool-calls');
  });

  it('is told of a stream that breaks', async () => {
    const errors: unknown[] = [];
    const stream = streamText({
      model: model('echo/cut-mid-stream'),
      prompt: 'One two three four',
      onError: ({ error }) => void errors.push(error),
    });
    for await (const _ of stream.textStream);
    expect(errors).toHaveLength(1);
  });

  it('does not retry what a retry cannot cure', async () => {
    await expect(generateText({ model: model('nobody/none'), prompt: 'Hi' })).rejects.toMatchObject({
      statusCode: 404,
      isRetryable: false,
    });
  });
});

describe('LangChain', () => {
  const chat = (model: string) =>
    new ChatOpenAI({ model, apiKey: gateway.key, configuration: { baseURL: `${gateway.url}/v1` }, maxRetries: 0 });

  it('gets text whole and as a stream, with its counts', async () => {
    const answer = await chat('echo/ok').invoke('One two three');
    expect(answer.content).toBe('One two three');
    expect(answer.usage_metadata).toMatchObject({ output_tokens: 3 });
    let text = '';
    for await (const piece of await chat('echo/ok').stream('One two three')) text += String(piece.content);
    expect(text).toBe('One two three');
  });

  it('has its tools called', async () => {
    const bound = chat('echo/tool-call').bindTools([
      {
        type: 'function',
        function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } },
      },
    ]);
    expect((await bound.invoke('Weather?')).tool_calls).toMatchObject([{ name: 'weather', args: { city: 'echo' } }]);
  });
});
