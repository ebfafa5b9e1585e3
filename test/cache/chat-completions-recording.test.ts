import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../shared/calls/json.ts';
import { chatRecording } from '../../shared/dialects/chat-completions-recording.ts';
import type { RecordedEvent } from '../../shared/dialects/recording.ts';

const call = { streamUsage: true };

function eventsOf(body: JsonObject): RecordedEvent[] {
  return chatRecording.replay(body, call).map(({ event, data }) => ({ event, data: data ?? '' }));
}

const events = (...chunks: JsonValue[]): RecordedEvent[] => chunks.map((chunk) => ({ event: undefined, data: JSON.stringify(chunk) }));

const text = fc.oneof(fc.constant(null), fc.string(), fc.string({ unit: 'grapheme' }));
const toolCall = fc.record({
  id: fc.uuid(),
  type: fc.constant('function'),
  function: fc.record({ name: fc.string({ minLength: 1 }), arguments: fc.json() }),
});
const message = fc.record(
  {
    role: fc.constant('assistant'),
    content: text,
    refusal: text,
    reasoning_content: fc.string(),
    annotations: fc.array(
      fc.record({ type: fc.constant('url_citation'), url_citation: fc.record({ url: fc.webUrl(), title: fc.string() }) }),
    ),
    tool_calls: fc.array(toolCall, { minLength: 1, maxLength: 3 }),
    vendor_field: fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.integer())),
  },
  { requiredKeys: ['role', 'content'] },
);
const logprobs = fc.oneof(
  fc.constant(null),
  fc.record({
    content: fc.array(
      fc.record({
        token: fc.string(),
        logprob: fc.double({ noNaN: true, noDefaultInfinity: true, max: -0.001 }),
        top_logprobs: fc.constant([]),
      }),
    ),
    refusal: fc.constant(null),
  }),
);
const choice = fc.record(
  {
    message,
    logprobs,
    finish_reason: fc.constantFrom('stop', 'tool_calls'),
    content_filter_results: fc.constant({ hate: { filtered: false } }),
  },
  { requiredKeys: ['message', 'finish_reason'] },
);
const body = fc
  .record(
    {
      id: fc.string({ minLength: 1 }),
      created: fc.nat(),
      model: fc.string({ minLength: 1 }),
      choices: fc.array(choice, { minLength: 1, maxLength: 3 }),
      usage: fc.record({ prompt_tokens: fc.nat(), completion_tokens: fc.nat(), total_tokens: fc.nat() }),
      service_tier: fc.constant('default'),
      system_fingerprint: fc.oneof(fc.string(), fc.constant(null)),
      citations: fc.array(fc.webUrl()),
    },
    { requiredKeys: ['id', 'created', 'model', 'choices'] },
  )
  .map((value): JsonObject => {
    const choices = value.choices.map((one, index) => ({ index, ...one }));
    return JSON.parse(JSON.stringify({ object: 'chat.completion', ...value, choices }));
  });

describe('a recorded chat completion', () => {
  test('is the same body after it was streamed and put together again', () => {
    fc.assert(
      fc.property(body, (original) => {
        expect(chatRecording.assemble(eventsOf(original))).toEqual(original);
      }),
    );
  });

  test('is put together from chunks however the text was cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), fc.array(fc.string(), { minLength: 1 }), (words, pieces) => {
        const head = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'm' };
        const chunk = (delta: JsonObject, finish: string | null = null) => ({
          ...head,
          choices: [{ index: 0, delta, finish_reason: finish }],
        });
        const assembled = chatRecording.assemble([
          ...events(
            chunk({ role: 'assistant', content: '' }),
            ...words.map((content) => chunk({ content })),
            chunk({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'find', arguments: '' } }] }),
            ...pieces.map((part) => chunk({ tool_calls: [{ index: 0, function: { arguments: part } }] })),
            chunk({}, 'tool_calls'),
            { ...head, choices: [], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } },
          ),
          { event: undefined, data: '[DONE]' },
        ]);
        expect(assembled).toEqual({
          id: 'c1',
          object: 'chat.completion',
          created: 1,
          model: 'm',
          choices: [
            {
              index: 0,
              message: {
                role: 'assistant',
                content: words.join(''),
                tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'find', arguments: pieces.join('') } }],
              },
              finish_reason: 'tool_calls',
            },
          ],
          usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
        });
      }),
    );
  });

  test('keeps two choices and two tool calls apart that came interleaved', () => {
    const part = (index: number, delta: JsonObject, finish_reason: string | null = null) => ({ index, delta, finish_reason });
    const assembled = chatRecording.assemble(
      events(
        { id: 'c', model: 'm', created: 1, choices: [part(1, { role: 'assistant', content: 'b' })] },
        { id: 'c', model: 'm', created: 1, choices: [part(0, { role: 'assistant', content: 'a' })] },
        {
          id: 'c',
          model: 'm',
          created: 1,
          choices: [part(1, { tool_calls: [{ index: 0, id: 'x', type: 'function', function: { name: 'f', arguments: '{' } }] })],
        },
        {
          id: 'c',
          model: 'm',
          created: 1,
          choices: [part(1, { tool_calls: [{ index: 1, id: 'y', type: 'function', function: { name: 'g', arguments: '[' } }] })],
        },
        {
          id: 'c',
          model: 'm',
          created: 1,
          choices: [part(1, { tool_calls: [{ index: 0, function: { arguments: '}' } }] }), part(0, { content: 'A' })],
        },
        {
          id: 'c',
          model: 'm',
          created: 1,
          choices: [part(1, { tool_calls: [{ index: 1, function: { arguments: ']' } }] }, 'tool_calls'), part(0, {}, 'stop')],
        },
      ),
    );
    expect(assembled?.choices).toEqual([
      { index: 0, message: { role: 'assistant', content: 'aA' }, finish_reason: 'stop' },
      {
        index: 1,
        message: {
          role: 'assistant',
          content: 'b',
          tool_calls: [
            { id: 'x', type: 'function', function: { name: 'f', arguments: '{}' } },
            { id: 'y', type: 'function', function: { name: 'g', arguments: '[]' } },
          ],
        },
        finish_reason: 'tool_calls',
      },
    ]);
  });

  test('joins reasoning, log probabilities and reasoning details, and keeps what nobody knows', () => {
    const assembled = chatRecording.assemble(
      events(
        { id: 'c', model: 'm', created: 1, prompt_filter_results: [{ prompt_index: 0 }], choices: [] },
        {
          id: 'c',
          model: 'm',
          created: 1,
          choices: [
            {
              index: 0,
              delta: { role: 'assistant', reasoning: 'I th', reasoning_details: [{ index: 0, type: 'reasoning.text', text: 'I th' }] },
            },
          ],
        },
        {
          id: 'c',
          model: 'm',
          created: 1,
          choices: [
            {
              index: 0,
              delta: { reasoning: 'ink', reasoning_details: [{ index: 0, type: 'reasoning.text', text: 'ink', signature: 'S' }] },
            },
          ],
        },
        {
          id: 'c',
          model: 'm',
          created: 1,
          choices: [{ index: 0, delta: { content: 'so' }, logprobs: { content: [{ token: 's' }], refusal: null } }],
        },
        {
          id: 'c',
          model: 'm',
          created: 1,
          citations: ['https://a.example'],
          choices: [{ index: 0, delta: {}, logprobs: { content: [{ token: 'o' }], refusal: null }, finish_reason: 'stop' }],
          obfuscation: 'abc',
        },
      ),
    );
    expect(assembled).toEqual({
      id: 'c',
      object: 'chat.completion',
      model: 'm',
      created: 1,
      prompt_filter_results: [{ prompt_index: 0 }],
      citations: ['https://a.example'],
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: 'so',
            reasoning: 'I think',
            reasoning_details: [{ index: 0, type: 'reasoning.text', text: 'I think', signature: 'S' }],
          },
          logprobs: { content: [{ token: 's' }, { token: 'o' }], refusal: null },
          finish_reason: 'stop',
        },
      ],
    });
  });

  test('is not put together from sound that came in pieces', () => {
    const sound = (data: string) => ({ id: 'c', model: 'm', created: 1, choices: [{ index: 0, delta: { audio: { data } } }] });
    expect(chatRecording.assemble(events(sound('AAAA'), sound('BBBB')))).toBeUndefined();
  });
});
