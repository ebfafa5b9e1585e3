import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../shared/calls/json.ts';
import { parseChatRequest } from '../../shared/dialects/chat-completions-request.ts';
import { GatewayError } from '../../shared/errors/gateway-error.ts';

const parse = (body: JsonObject) =>
  parseChatRequest({ body, bodyBytes: Buffer.byteLength(JSON.stringify(body)), headers: {}, query: {}, path: {} });

const patch = {
  type: 'custom',
  name: 'ApplyPatch',
  description: 'Edits.',
  format: { type: 'grammar', syntax: 'lark', definition: 'start: x' },
};
const flat = { type: 'function', name: 'Read', description: 'Reads.', parameters: { type: 'object', properties: {} }, strict: false };
const nested = {
  type: 'function',
  function: { name: 'Read', description: 'Reads.', parameters: { type: 'object', properties: {} }, strict: false },
};

describe('a chat completion with the body of a Responses request', () => {
  it('is one in Chat Completions words, as Cursor means it', () => {
    const { body, stream, streamUsage, maxOutputTokens, content } = parse({
      model: 'openai/gpt-5.5',
      instructions: 'Be brief.',
      input: [
        { role: 'system', content: 'You are an agent.' },
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'Look.' },
            { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'low' },
          ],
        },
        { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'I look.' }], encrypted_content: 'sealed' },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Looking.' }] },
        { type: 'function_call', call_id: 'call_1', name: 'Read', arguments: '{"path":"a"}' },
        { type: 'custom_tool_call', call_id: 'call_2', name: 'ApplyPatch', input: '*** Begin' },
        { type: 'function_call_output', call_id: 'call_1', output: 'text of a' },
        { type: 'custom_tool_call_output', call_id: 'call_2', output: [{ type: 'input_text', text: 'Done' }] },
      ],
      tools: [flat, patch],
      tool_choice: { type: 'function', name: 'Read' },
      stream: true,
      stream_options: { include_usage: true },
      include: ['reasoning.encrypted_content'],
      reasoning: { effort: 'medium', summary: 'auto' },
      text: { verbosity: 'low', format: { type: 'json_schema', name: 'a', strict: true, schema: { type: 'object' } } },
      max_output_tokens: 500,
      store: false,
      previous_response_id: null,
      user: 'ada',
    });
    expect({ stream, streamUsage, maxOutputTokens, tools: content.tools, images: content.images.length }).toEqual({
      stream: true,
      streamUsage: true,
      maxOutputTokens: 500,
      tools: 2,
      images: 1,
    });
    expect(body).toEqual({
      model: 'openai/gpt-5.5',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'system', content: 'You are an agent.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look.' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } },
          ],
        },
        {
          role: 'assistant',
          content: 'Looking.',
          reasoning_details: [
            { type: 'reasoning.summary', summary: 'I look.', id: 'rs_1', data: 'sealed', format: 'openai-responses-v1', index: 0 },
          ],
          tool_calls: [
            { id: 'call_1', type: 'function', function: { name: 'Read', arguments: '{"path":"a"}' } },
            { id: 'call_2', type: 'custom', custom: { name: 'ApplyPatch', input: '*** Begin' } },
          ],
        },
        { role: 'tool', tool_call_id: 'call_1', content: 'text of a' },
        { role: 'tool', tool_call_id: 'call_2', content: 'Done' },
      ],
      tools: [
        nested,
        {
          type: 'custom',
          custom: {
            name: 'ApplyPatch',
            description: 'Edits.',
            format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: x' } },
          },
        },
      ],
      tool_choice: { type: 'function', function: { name: 'Read' } },
      stream: true,
      stream_options: { include_usage: true },
      reasoning_effort: 'medium',
      verbosity: 'low',
      response_format: { type: 'json_schema', json_schema: { name: 'a', strict: true, schema: { type: 'object' } } },
      max_completion_tokens: 500,
      store: false,
      user: 'ada',
    });
  });

  it('takes plain input', () => {
    expect(parse({ model: 'm', input: 'Hello.' }).body.messages).toEqual([{ role: 'user', content: 'Hello.' }]);
  });

  it.each([
    [{ previous_response_id: 'resp_1' }, 'previous_response_id'],
    [{ background: true }, 'background'],
    [{ input: [{ type: 'item_reference', id: 'x' }] }, 'input.0'],
  ])('refuses what only Responses can do: %j', (more, param) => {
    expect(() => parse({ model: 'm', input: 'Hello.', ...more })).toThrow(
      expect.objectContaining({ code: 'unsupported_parameter', param }),
    );
  });

  it.each([
    [{ input: 7 }, /'input' must be/],
    [{ input: ['x'] }, /'input.0' must be/],
    [{ input: [{ role: 'king', content: 'x' }] }, /'messages.0.role' must be/],
    [{ input: [] }, /'messages' must hold/],
  ])('refuses what is no input: %j', (more, says) => {
    expect(() => parse({ model: 'm', ...more })).toThrow(says);
  });
});

describe("a chat completion in Anthropic's words", () => {
  it('has its tools, calls and results where Chat Completions has them', () => {
    const { body } = parse({
      model: 'anthropic/claude-opus-5',
      messages: [
        { role: 'user', content: 'Go.' },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'Reading.' },
            { type: 'tool_use', id: 'toolu_1', name: 'Read', input: { path: 'a' } },
          ],
        },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 'toolu_1',
              content: [
                { type: 'text', text: 'text of a' },
                { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
              ],
            },
            { type: 'text', text: 'And now?' },
          ],
        },
        { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_2', name: 'Read', input: {} }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_2' }] },
      ],
      tools: [
        { name: 'Read', description: 'Reads.', input_schema: { type: 'object', properties: {} }, cache_control: { type: 'ephemeral' } },
      ],
      tool_choice: { type: 'any' },
    });
    expect(body.messages).toEqual([
      { role: 'user', content: 'Go.' },
      {
        role: 'assistant',
        content: [{ type: 'text', text: 'Reading.' }],
        tool_calls: [{ id: 'toolu_1', type: 'function', function: { name: 'Read', arguments: '{"path":"a"}' } }],
      },
      {
        role: 'tool',
        tool_call_id: 'toolu_1',
        content: [
          { type: 'text', text: 'text of a' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
        ],
      },
      { role: 'user', content: [{ type: 'text', text: 'And now?' }] },
      { role: 'assistant', content: null, tool_calls: [{ id: 'toolu_2', type: 'function', function: { name: 'Read', arguments: '{}' } }] },
      { role: 'tool', tool_call_id: 'toolu_2', content: '' },
    ]);
    expect(body.tools).toEqual([
      {
        type: 'function',
        function: { name: 'Read', description: 'Reads.', parameters: { type: 'object', properties: {} } },
        cache_control: { type: 'ephemeral' },
      },
    ]);
    expect(body.tool_choice).toBe('required');
  });
});

describe('a chat completion in its own words', () => {
  it('is left as it came, to the very object', () => {
    const body: JsonObject = {
      model: 'm',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }] }],
      tools: [nested, { type: 'web_search' }],
      tool_choice: { type: 'function', function: { name: 'Read' } },
    };
    expect(parse(body).body).toBe(body);
  });

  it('nests a flat tool beside nested ones, as Cursor mixes them', () => {
    const { body } = parse({
      model: 'm',
      messages: [{ role: 'user', content: 'x' }],
      tools: [nested, { type: 'custom', name: 'ApplyPatch' }],
    });
    expect(body.tools).toEqual([nested, { type: 'custom', custom: { name: 'ApplyPatch' } }]);
  });
});

describe('any body', () => {
  it('becomes a call or is refused with a word, never anything else', () => {
    const any = fc.jsonValue();
    const block = fc.record(
      {
        type: fc.constantFrom('tool_use', 'tool_result', 'image', 'text', 'input_text', 'input_image', 'input_file'),
        text: any,
        source: any,
        content: any,
        input: any,
        image_url: any,
      },
      { requiredKeys: ['type'] },
    );
    const item = fc.oneof(
      any,
      fc.record(
        {
          type: fc.constantFrom('message', 'reasoning', 'function_call', 'custom_tool_call', 'function_call_output', 'other'),
          role: fc.constantFrom('user', 'assistant', 'tool', 'x'),
          content: fc.oneof(any, fc.array(block)),
          output: any,
          summary: any,
          encrypted_content: any,
          call_id: any,
        },
        { requiredKeys: [] },
      ),
    );
    const tool = fc.record(
      { type: fc.constantFrom('function', 'custom', 'x'), name: any, input_schema: any, parameters: any, format: any, function: any },
      { requiredKeys: [] },
    );
    const body = fc.record(
      {
        model: fc.constant('m'),
        input: fc.oneof(any, fc.array(item)),
        messages: fc.array(item),
        tools: fc.oneof(any, fc.array(tool)),
        tool_choice: any,
        text: any,
        reasoning: any,
        instructions: any,
      },
      { requiredKeys: ['model'] },
    );
    fc.assert(
      fc.property(body, (given) => {
        try {
          parse(JSON.parse(JSON.stringify(given)));
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
