import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';
import * as z from 'zod';
import { type Usage, usageOf } from '../../shared/calls/usage.ts';
import { costOf } from '../../shared/pricing/cost.ts';
import { costBound } from '../../shared/pricing/cost-bound.ts';
import { type InputFacts, inputTokenBound } from '../../shared/pricing/input-bound.ts';
import { priceOf } from '../../shared/pricing/price-of.ts';

const folder = resolve(import.meta.dirname, '../../../shared/recordings');
const atMs = Date.parse('2026-11-23T12:00:00Z');

const holiday = 'Invent a new holiday and describe its traditions.';
const weather = 'What is the weather in San Francisco?';
const weatherTool = '{"name":"weather","parameters":{"type":"object","properties":{"location":{"type":"string"}},"required":["location"]}}';

/** The least that must have been asked for each recorded answer: no longer than the shortest request that can lead to it. */
const asked: readonly { recording: string; provider: string; model: string; text: string; tools?: number; messages?: number }[] = [
  { recording: 'openai-chat/openai-text', provider: 'openai', model: 'gpt-4.1-nano-2025-04-14', text: holiday },
  { recording: 'openai-embeddings/openai-embedding', provider: 'openai', model: 'text-embedding-3-small', text: 'sunny day at the beach' },
  { recording: 'openai-responses/openai-custom-tool.1', provider: 'openai', model: 'gpt-5.2-codex', text: 'write_sql SELECT .+', tools: 1 },
  {
    recording: 'anthropic-messages/anthropic-clear-thinking.1',
    provider: 'anthropic',
    model: 'claude-sonnet-4-5-20250929',
    text: 'hello',
    messages: 3,
  },
  {
    recording: 'anthropic-messages/anthropic-json-other-tool.1',
    provider: 'anthropic',
    model: 'claude-haiku-4-5-20251001',
    text: weatherTool,
    tools: 2,
  },
  { recording: 'anthropic-messages/anthropic-refusal', provider: 'anthropic', model: 'claude-fable-5', text: 'hello' },
  { recording: 'google-generate-content/google-text', provider: 'google', model: 'gemini-3-pro-preview', text: holiday },
  { recording: 'google-generate-content/google-tool-call', provider: 'google', model: 'gemini-3-pro-preview', text: weather, tools: 1 },
  {
    recording: 'bedrock-converse/amazon-bedrock-text',
    provider: 'bedrock',
    model: 'us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    text: holiday,
  },
  {
    recording: 'bedrock-converse/amazon-bedrock-tool-call.1',
    provider: 'bedrock',
    model: 'us.amazon.nova-pro-v1:0',
    text: weather,
    tools: 1,
  },
];

const count = z
  .number()
  .nullish()
  .transform((value) => value ?? 0);

/** Only what bears on money, in the words of each API. */
const usageSchema = z
  .object({
    input_tokens: count,
    prompt_tokens: count,
    inputTokens: count,
    promptTokenCount: count,
    cache_creation_input_tokens: count,
    cache_read_input_tokens: count,
    output_tokens: count,
    completion_tokens: count,
    outputTokens: count,
    candidatesTokenCount: count,
    thoughtsTokenCount: count,
  })
  .transform((usage) =>
    usageOf({
      inputTokens:
        usage.input_tokens +
        usage.prompt_tokens +
        usage.inputTokens +
        usage.promptTokenCount +
        usage.cache_creation_input_tokens +
        usage.cache_read_input_tokens,
      cachedInputTokens: usage.cache_read_input_tokens,
      cacheWriteTokens: usage.cache_creation_input_tokens,
      outputTokens:
        usage.output_tokens + usage.completion_tokens + usage.outputTokens + usage.candidatesTokenCount + usage.thoughtsTokenCount,
      reasoningTokens: usage.thoughtsTokenCount,
    }),
  );

/** Every usage found anywhere in a recording, the last of a stream being the whole of it. */
function usagesIn(value: unknown): Usage[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    /^usage(Metadata)?$/.test(key) && inner !== null ? [usageSchema.parse(inner)] : usagesIn(inner),
  );
}

function recordedUsage(path: string): Usage | undefined {
  if (!existsSync(path)) return undefined;
  const text = readFileSync(path, 'utf8');
  const values: unknown[] = path.endsWith('.json')
    ? [JSON.parse(text)]
    : text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
  return values.flatMap(usagesIn).at(-1);
}

if (existsSync(folder)) {
  it('knows what was asked for every recording that tells a usage', () => {
    const told = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
      (name) => /\.(json|chunks\.txt)$/.test(name) && recordedUsage(join(folder, name)) !== undefined,
    );
    const known = asked.flatMap(({ recording }) => [`${recording}.json`, `${recording}.chunks.txt`]);
    expect(told.length).toBeGreaterThan(10);
    expect(told.filter((name) => !known.includes(name))).toEqual([]);
  });

  for (const { recording, provider, model, text, tools = 0, messages = 1 } of asked) {
    for (const ending of ['.json', '.chunks.txt']) {
      const usage = recordedUsage(join(folder, recording + ending));
      if (usage === undefined) continue;
      it(`costs no more than the bound of its request: ${recording}${ending}`, () => {
        const price = priceOf({ provider, model });
        if (price === undefined) throw new Error(`no price for ${provider}/${model}`);
        const facts: InputFacts = {
          textBytes: Buffer.byteLength(text),
          messages,
          tools,
          images: [],
          files: [],
          audio: [],
          promptCache: 'none',
        };
        const inputTokens = inputTokenBound(facts, provider, { model });
        const bound = costBound({ price, inputTokens, maxOutputTokens: usage.outputTokens, atMs, promptCache: 'none', audioInput: false });
        expect(usage.inputTokens).toBeGreaterThan(0);
        expect(inputTokens).toBeGreaterThanOrEqual(usage.inputTokens);
        expect(bound).toBeGreaterThanOrEqual(costOf(usage, price, { atMs }).totalNanoUsd);
      });
    }
  }
} else {
  it('compares nothing: the folder of recordings is not on this machine', ({ skip }) => skip('../shared/recordings is missing'));
}
