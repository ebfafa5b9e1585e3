import { Buffer } from 'node:buffer';
import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { describe, expect, it } from 'vitest';
import type { Call } from '../../shared/calls/call.ts';
import type { JsonObject } from '../../shared/calls/json.ts';
import { chatPartFrames, startChatParts } from '../../shared/dialects/chat-completions-parts.ts';
import { parseChatRequest } from '../../shared/dialects/chat-completions-request.ts';
import { chatToOptions } from '../../shared/dialects/chat-completions-to-options.ts';

const head = { id: '1', createdAtMs: 1_700_000_000_000, model: 'm' };

function callOf(body: JsonObject): Call {
  const whole = { model: 'm', messages: [{ role: 'user', content: 'Hi.' }], ...body };
  return parseChatRequest({ body: whole, bodyBytes: Buffer.byteLength(JSON.stringify(whole)), headers: {}, query: {}, path: {} });
}

function deltasOf(parts: readonly LanguageModelV4StreamPart[], body: JsonObject = {}) {
  const state = startChatParts(callOf({ stream: true, ...body }), head);
  const data = parts.flatMap((part) => chatPartFrames(state, part)).map((frame) => frame.data ?? '');
  return data.map((text) => (text === '[DONE]' ? text : (JSON.parse(text).choices[0]?.delta ?? 'usage')));
}

const none = { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined };
const finish: LanguageModelV4StreamPart = {
  type: 'finish',
  finishReason: { unified: 'tool-calls', raw: 'tool_use' },
  usage: { inputTokens: { ...none, total: 3 }, outputTokens: { total: 2, text: 2, reasoning: undefined } },
};

describe('a stream', () => {
  it('numbers parallel tool calls and names them once', () => {
    const deltas = deltasOf([
      { type: 'stream-start', warnings: [] },
      { type: 'tool-input-start', id: 'a', toolName: 'one' },
      { type: 'tool-input-start', id: 'b', toolName: 'two' },
      { type: 'tool-input-delta', id: 'a', delta: '{"x"' },
      { type: 'tool-input-delta', id: 'b', delta: '{}' },
      { type: 'tool-input-delta', id: 'a', delta: ':1}' },
      { type: 'tool-call', toolCallId: 'a', toolName: 'one', input: '{"x":1}' },
      { type: 'tool-call', toolCallId: 'b', toolName: 'two', input: '{}', providerMetadata: { google: { thoughtSignature: 's' } } },
      finish,
    ]);
    expect(deltas).toEqual([
      { role: 'assistant', content: '', refusal: null },
      { tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'one', arguments: '' } }] },
      { tool_calls: [{ index: 1, id: 'b', type: 'function', function: { name: 'two', arguments: '' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '{"x"' } }] },
      { tool_calls: [{ index: 1, function: { arguments: '{}' } }] },
      { tool_calls: [{ index: 0, function: { arguments: ':1}' } }] },
      { tool_calls: [{ index: 1, extra_content: { google: { thought_signature: 's' } } }] },
      {},
      'usage',
      '[DONE]',
    ]);
  });

  it('shows a tool call whole where it comes whole', () => {
    const [, opened, filled] = deltasOf([{ type: 'tool-call', toolCallId: 'a', toolName: 'one', input: '{}' }, finish]);
    expect([opened, filled]).toEqual([
      { tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'one', arguments: '' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '{}' } }] },
    ]);
  });

  it('unwraps the text of a custom tool that a provider knows as a function', () => {
    const deltas = deltasOf(
      [
        { type: 'tool-input-start', id: 'a', toolName: 'sql' },
        { type: 'tool-input-delta', id: 'a', delta: '{"input":"SELECT' },
        { type: 'tool-input-delta', id: 'a', delta: ' 1"}' },
        { type: 'tool-call', toolCallId: 'a', toolName: 'sql', input: '{"input":"SELECT 1"}' },
      ],
      { tools: [{ type: 'custom', custom: { name: 'sql' } }] },
    );
    expect(deltas.slice(1)).toEqual([
      { tool_calls: [{ index: 0, id: 'a', type: 'custom', custom: { name: 'sql', input: '' } }] },
      { tool_calls: [{ index: 0, custom: { input: 'SELECT 1' } }] },
    ]);
  });

  it('leaves out calls that the provider made and answered itself', () => {
    const part = { type: 'tool-call', toolCallId: 'a', toolName: 'web_search', input: '{}', providerExecuted: true } as const;
    expect(deltasOf([part])).toEqual([]);
  });

  it('begins with the first content, so that an error before it can still be told by a status', () => {
    expect(
      deltasOf([
        { type: 'stream-start', warnings: [] },
        { type: 'response-metadata', id: 'x' },
        { type: 'text-start', id: '0' },
      ]),
    ).toEqual([]);
  });
});

describe('a request', () => {
  it('names a field as dropped whatever its name', () => {
    const { dropped } = chatToOptions(callOf(JSON.parse('{"__proto__": {"a": 1}, "constructor": 1, "toString": 2}')));
    expect([...dropped].sort()).toEqual(['__proto__', 'constructor', 'toString']);
  });

  it('leaves no field without a word', () => {
    const { dropped } = chatToOptions(callOf({ prediction: { type: 'content', content: '' }, web_search_options: {}, made_up: 1 }));
    expect([...dropped].sort()).toEqual(['made_up', 'prediction', 'web_search_options']);
  });

  it.each([
    [{ messages: [{ role: 'user', content: [{ type: 'hologram', hologram: {} }] }] }, 'messages.0.content.0'],
    [{ messages: [{ role: 'function', name: 'f', content: '' }] }, 'messages.0'],
    [{ messages: [{ role: 'assistant', function_call: { name: 'f', arguments: '' } }] }, 'messages.0.function_call'],
  ])('is refused where a part of a message finds no place: %j', (body, param) => {
    expect(() => chatToOptions(callOf(body))).toThrow(expect.objectContaining({ code: 'unsupported_parameter', param }));
  });

  it('sends arguments that are no JSON back as the text they are', () => {
    const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x": ' } };
    const { options } = chatToOptions(
      callOf({
        messages: [
          { role: 'assistant', tool_calls: [call] },
          { role: 'tool', tool_call_id: 'a', content: 'bad' },
        ],
      }),
    );
    expect(options.prompt[0]).toMatchObject({ role: 'assistant', content: [{ type: 'tool-call', toolName: 'f', input: '{"x": ' }] });
  });
});
