import fc from 'fast-check';
import { expect, it } from 'vitest';
import { imageTokenBound, type TokenFamily } from '../../shared/pricing/image-tokens.ts';
import { audioMsBound, type InputFacts, inputTokenBound, tokenFamilyOf } from '../../shared/pricing/input-bound.ts';

const nothing: InputFacts = { textBytes: 0, messages: 0, tools: 0, images: [], files: [], audio: [], promptCache: 'none' };

it.each([
  ['anthropic', undefined, 'anthropic'],
  ['bedrock', 'us.anthropic.claude-opus-5', 'anthropic'],
  ['vertex', 'gemini-2.5-pro', 'google'],
  ['azure', 'gpt-4o', 'openai'],
  ['openrouter', 'openai/o3-mini', 'openai'],
  ['groq', 'openai/gpt-oss-120b', 'unknown'],
  ['vllm', 'llama', 'unknown'],
])('counts %s/%s by the rules of %s', (provider, model, family) => {
  expect(tokenFamilyOf(provider, model)).toBe(family);
});

it.each<[TokenFamily, string, number, number, number]>([
  // https://platform.openai.com/docs/guides/images-vision: 2,048 × 4,096 in high detail is 1,105 tokens, 1,024 × 1,024 is 765
  ['openai', 'gpt-4o', 2048, 4096, 1105],
  ['openai', 'gpt-4o', 1024, 1024, 765],
  // 2833 + 4 × 5667
  ['openai', 'gpt-4o-mini', 1024, 1024, 25_501],
  // 1,024 patches × 2.46 for gpt-4.1-nano, and the cap of 1,536
  ['openai', 'gpt-4.1-nano', 1024, 1024, Math.ceil(1024 * 2.46)],
  ['openai', 'gpt-4.1-nano', 1800, 2400, Math.ceil(1536 * 2.46)],
  // Not scaled down: 4,032 × 3,024 was counted as 14,364, 9,000 × 6,000 as some 63,500.
  ['openai', 'gpt-6-astra', 4032, 3024, 14_364],
  ['unknown', 'openai/gpt-6.1-sol', 9000, 6000, 63_500],
  // https://platform.claude.com/docs/en/build-with-claude/vision: 1,092 × 1,092 is some 1,590 tokens
  ['anthropic', 'claude-sonnet-4-5', 1092, 1092, 1590],
  // six crops of 258: https://ai.google.dev/gemini-api/docs/image-understanding
  ['google', 'gemini-2.5-flash', 960, 540, 1548],
])('bounds an image at %s %s of %d × %d by the documented %d tokens', (family, model, width, height, documented) => {
  expect(imageTokenBound({ width, height }, family, model)).toBeGreaterThanOrEqual(documented);
});

it('keeps close to the documented formula where there is one', () => {
  expect(imageTokenBound({ width: 1024, height: 1024 }, 'openai', 'gpt-4o')).toBe(765 + 16);
  expect(imageTokenBound({ width: 1092, height: 1092 }, 'anthropic', 'claude-sonnet-4-5')).toBe(1590 + 16);
});

it('takes an image of unknown size at the maximum of its family', () => {
  const families: TokenFamily[] = ['openai', 'anthropic', 'google', 'unknown'];
  const size = fc.integer({ min: 1, max: 20_000 });
  const model = fc.constantFrom('gpt-4o', 'gpt-4o-mini', 'gpt-4.1-nano', 'gpt-5.5', 'gpt-6-sol', 'o3', 'x', undefined);
  fc.assert(
    fc.property(fc.constantFrom(...families), model, size, size, (family, name, width, height) => {
      expect(imageTokenBound({ width, height }, family, name)).toBeLessThanOrEqual(imageTokenBound({}, family, name));
    }),
  );
});

it('takes every byte of text for a token and adds what a template may add', () => {
  expect(inputTokenBound({ ...nothing, textBytes: 1_000, messages: 2 }, 'openai')).toBe(1_000 + 128 + 32);
});

it('counts the prompts that Anthropic adds for tools, most of all for its own', () => {
  const tools = { ...nothing, tools: 2 };
  const bound = inputTokenBound({ ...tools, vendorTools: 0 }, 'anthropic');
  expect(bound - inputTokenBound(nothing, 'anthropic')).toBeGreaterThanOrEqual(804);
  expect(inputTokenBound(tools, 'anthropic') - bound).toBeGreaterThanOrEqual(2 * 735);
});

it('takes the whole context where a part of the prompt lies with the provider, once more for each use of its tools', () => {
  const options = { contextLength: 400_000 };
  expect(inputTokenBound({ ...nothing, hasStoredContext: true }, 'openai', options)).toBe(400_000);
  expect(inputTokenBound({ ...nothing, serverToolUses: 3 }, 'openai', options)).toBe(128 + 3 * 400_000);
});

it('bounds a document by its bytes, its pages or the context', () => {
  const bound = (file: InputFacts['files'][number], provider = 'google') =>
    inputTokenBound({ ...nothing, files: [file] }, provider, { contextLength: 900_000 }) - 128;
  expect(bound({ bytes: 5_000, mediaType: 'text/csv' })).toBe(5_000 + 16);
  expect(bound({ bytes: 2_560, mediaType: 'application/pdf' })).toBe(10 * 1120 + 16);
  expect(bound({ bytes: 10_000_000, mediaType: 'application/pdf' })).toBe(900_000);
  expect(bound({ bytes: 10, mediaType: 'application/zip' })).toBe(900_000);
  expect(bound({ mediaType: 'text/plain' })).toBe(900_000);
});

it('bounds sound by its length, else by its bytes, else by the longest that is taken', () => {
  expect(audioMsBound({ seconds: 2.5, bytes: 1_000_000 })).toBe(2_500);
  expect(audioMsBound({ bytes: 50_000 })).toBe(100_000);
  expect(audioMsBound({})).toBe(9.5 * 3_600_000);
  expect(inputTokenBound({ ...nothing, audio: [{ seconds: 10 }] }, 'google')).toBe(128 + 320 + 16);
});

it('never falls when the request grows', () => {
  const count = fc.nat(50);
  const facts = fc.record({
    textBytes: fc.nat(100_000),
    messages: count,
    tools: count,
    images: fc.array(fc.record({ width: fc.integer({ min: 1, max: 5000 }), height: fc.integer({ min: 1, max: 5000 }) }), { maxLength: 3 }),
    files: fc.array(fc.record({ bytes: fc.nat(100_000), mediaType: fc.constantFrom('text/plain', 'application/pdf') }), { maxLength: 3 }),
    audio: fc.array(fc.record({ seconds: fc.nat(100) }), { maxLength: 3 }),
    promptCache: fc.constant('none' as const),
  });
  fc.assert(
    fc.property(facts, facts, fc.constantFrom('openai', 'anthropic', 'google', 'vllm'), (some, more, provider) => {
      const both = {
        textBytes: some.textBytes + more.textBytes,
        messages: some.messages + more.messages,
        tools: some.tools + more.tools,
        images: [...some.images, ...more.images],
        files: [...some.files, ...more.files],
        audio: [...some.audio, ...more.audio],
        promptCache: some.promptCache,
      };
      expect(inputTokenBound(both, provider)).toBeGreaterThanOrEqual(inputTokenBound(some, provider));
    }),
  );
});
