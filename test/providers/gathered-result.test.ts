import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../shared/calls/json.ts';
import { chatCompletions } from '../../shared/dialects/chat-completions.ts';
import type { Dialect } from '../../shared/dialects/dialect.ts';
import { gemini } from '../../shared/dialects/gemini.ts';
import { messages } from '../../shared/dialects/messages.ts';
import { responses } from '../../shared/dialects/responses.ts';
import { GatheredResult } from '../../shared/providers/gathered-result.ts';

const usage = {
  inputTokens: { total: 30, noCache: 20, cacheRead: 10, cacheWrite: 0 },
  outputTokens: { total: 12, text: 8, reasoning: 4 },
};
const finish: LanguageModelV4StreamPart = { type: 'finish', usage, finishReason: { unified: 'tool-calls', raw: 'tool_use' } };
const thought = 'Let me see what that is.';
const text = 'It is the sky, I think.';

/** A stream in which thought and text come in pieces of the given lengths. */
function partsOf(lengths: readonly number[]): LanguageModelV4StreamPart[] {
  const cut = (whole: string): string[] => {
    const pieces: string[] = [];
    for (let at = 0, turn = 0; at < whole.length; turn += 1) {
      const length = lengths[turn % lengths.length] ?? 1;
      pieces.push(whole.slice(at, at + length));
      at += length;
    }
    return pieces;
  };
  return [
    { type: 'stream-start', warnings: [] },
    { type: 'response-metadata', id: 'up-1', modelId: 'm' },
    { type: 'reasoning-start', id: '0' },
    ...cut(thought).map((delta) => ({ type: 'reasoning-delta', id: '0', delta }) as const),
    { type: 'reasoning-end', id: '0', providerMetadata: { anthropic: { signature: 'sealed' } } },
    // The same id as the thought's, as some packages number them apart.
    { type: 'text-start', id: '0' },
    ...cut(text).map((delta) => ({ type: 'text-delta', id: '0', delta }) as const),
    { type: 'text-end', id: '0' },
    { type: 'tool-input-start', id: 'c1', toolName: 'look' },
    { type: 'tool-input-delta', id: 'c1', delta: '{"x":1}' },
    { type: 'tool-input-end', id: 'c1' },
    { type: 'tool-call', toolCallId: 'c1', toolName: 'look', input: '{"x":1}' },
    finish,
  ];
}

function gathered(parts: readonly LanguageModelV4StreamPart[]) {
  const result = new GatheredResult();
  for (const part of parts) result.add(part);
  return result.result();
}

describe('a result gathered from a stream', () => {
  it('is all that was made, in its order, however it was cut', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (lengths) => {
        expect(gathered(partsOf(lengths))).toEqual({
          content: [
            { type: 'reasoning', text: thought, providerMetadata: { anthropic: { signature: 'sealed' } } },
            { type: 'text', text },
            { type: 'tool-call', toolCallId: 'c1', toolName: 'look', input: '{"x":1}' },
          ],
          usage,
          finishReason: { unified: 'tool-calls', raw: 'tool_use' },
          warnings: [],
        });
      }),
    );
  });

  it('is nothing before the end', () => {
    expect(gathered(partsOf([3]).slice(0, -1))).toBeUndefined();
  });

  const head = { id: 'abc', createdAtMs: 1_800_000_000_000, model: 'm' };
  const tool = { name: 'look', description: 'Looks', parameters: { type: 'object', properties: {} } };
  const cases: readonly (readonly [string, Dialect, JsonObject])[] = [
    [
      'chat completions',
      chatCompletions,
      { model: 'm', messages: [{ role: 'user', content: 'x' }], tools: [{ type: 'function', function: tool }] },
    ],
    [
      'messages',
      messages,
      { model: 'm', max_tokens: 9, messages: [{ role: 'user', content: 'x' }], tools: [{ name: 'look', input_schema: tool.parameters }] },
    ],
    ['responses', responses, { model: 'm', input: 'x', tools: [{ type: 'function', ...tool }] }],
    ['gemini', gemini, { contents: [{ role: 'user', parts: [{ text: 'x' }] }], tools: [{ functionDeclarations: [tool] }] }],
  ];
  it.each(cases)('tells in %s what the stream told', async (_name, dialect, body) => {
    const call = dialect.parse({ body, bodyBytes: 10, headers: {}, query: {}, path: { model: 'm', action: 'streamGenerateContent' } });
    const translation = await dialect.translation?.();
    const parts = partsOf([4, 1]);
    const result = gathered(parts);
    if (translation === undefined || result === undefined) throw new Error('nothing to compare');
    const state = translation.startParts(call, head);
    const events = parts
      .flatMap((part) => translation.partFrames(state, part))
      .flatMap(({ event, data }) => (data === undefined ? [] : [{ event, data }]));
    const streamed = dialect.recording?.assemble(events);
    const whole = translation.fromResult(call, result, head);
    if (streamed === undefined) throw new Error('nothing was recorded');
    expect(dialect.readAnswer(whole)).toEqual(dialect.readAnswer(streamed));
    for (const said of [text, thought, 'look']) expect(JSON.stringify(whole)).toContain(said);
  });
});
