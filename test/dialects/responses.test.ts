import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import type OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { isJsonObject, type JsonObject } from '../../shared/calls/json.ts';
import { withMember } from '../../shared/dialects/json-splice.ts';
import { responses } from '../../shared/dialects/responses.ts';
import { responsesRecording } from '../../shared/dialects/responses-recording.ts';
import { startResponsesStream } from '../../shared/dialects/responses-stream.ts';
import { seal, unseal } from '../../shared/dialects/sealed-metadata.ts';
import { recordings } from '../conformance/recordings.ts';
import { cuts, framed, parses, readStream } from '../support/split-streams.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const item = fc.oneof(
  fc.record({
    type: fc.constant('message'),
    id: fc.constant('m'),
    role: fc.constant('assistant'),
    status: fc.constant('completed'),
    content: fc.array(
      fc.oneof(
        fc.record({ type: fc.constant('output_text'), text, annotations: fc.constantFrom([], [{ type: 'url_citation', url: 'u' }]) }),
        fc.record({ type: fc.constant('refusal'), refusal: text }),
      ),
      { maxLength: 2 },
    ),
  }),
  fc.record({
    type: fc.constant('reasoning'),
    id: fc.constant('r'),
    summary: fc.array(fc.record({ type: fc.constant('summary_text'), text }), { maxLength: 2 }),
    encrypted_content: fc.option(text),
  }),
  fc.record({ type: fc.constant('function_call'), id: fc.constant('f'), call_id: text, name: text, arguments: text }),
  fc.record({ type: fc.constant('custom_tool_call'), id: fc.constant('c'), call_id: text, name: text, input: text }),
  fc.record({ type: fc.constant('web_search_call'), id: fc.constant('w'), status: fc.constant('completed') }),
);
const place = { output_index: fc.nat({ max: 2 }), content_index: fc.nat({ max: 1 }), summary_index: fc.nat({ max: 1 }) };
const event = fc.oneof(
  fc.record({
    type: fc.constantFrom('response.created', 'response.in_progress', 'response.completed', 'response.incomplete'),
    response: fc.record({
      id: fc.constant('resp_1'),
      status: fc.constantFrom('in_progress', 'completed', 'incomplete'),
      output: fc.array(item, { maxLength: 2 }),
      usage: fc.option(fc.record({ input_tokens: fc.nat(), output_tokens: fc.nat() })),
    }),
  }),
  fc.record({ type: fc.constantFrom('response.output_item.added', 'response.output_item.done'), item, ...place }),
  fc.record({
    type: fc.constantFrom(
      'response.output_text.delta',
      'response.refusal.delta',
      'response.function_call_arguments.delta',
      'response.reasoning_summary_text.delta',
      'response.custom_tool_call_input.delta',
    ),
    delta: text,
    ...place,
  }),
  fc.record({ type: fc.constantFrom('response.output_text.done', 'response.content_part.added'), ...place }),
  fc.constantFrom({ type: 'error', code: 'server_error', message: 'on fire' }, { type: 'keepalive' }),
  // What look-alikes send instead.
  fc.dictionary(fc.constantFrom('type', 'response', 'delta', 'item', 'output_index', 'error', 'sequence_number'), fc.jsonValue()),
);

describe('the reader of Responses streams', () => {
  it('reads the same whatever the split and the line ends, and never throws over JSON objects', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), cuts, fc.constantFrom('\n', '\r\n'), (all, at, lineEnd) => {
        const whole = readStream(responses, startResponsesStream(), framed(all), []);
        expect(readStream(responses, startResponsesStream(), framed(all, lineEnd), at)).toEqual(whole);
        expect(whole.readings).not.toContain('malformed');
      }),
      { numRuns: 500 },
    );
  });

  it('can end any stream well-formed at any moment', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), (all) => {
        const { state } = readStream(responses, startResponsesStream(), framed(all), []);
        const usage = { inputTokens: 1, outputTokens: 2 };
        const ending = responses
          .truncate(state, { ...JSON.parse(JSON.stringify(state.usage ?? {})), ...usage }, '0.5')
          .map(({ data }) => JSON.parse(data ?? ''));
        expect(ending.at(-1)).toMatchObject({ type: 'response.incomplete', response: { status: 'incomplete', cost_usd: 0.5 } });
        const numbers = ending.map(({ sequence_number: number }) => number);
        expect(numbers).toEqual(numbers.map((_, index) => numbers[0] + index));
      }),
      { numRuns: 300 },
    );
  });

  it('takes a stream for whole at response.completed alone', () => {
    const said = [
      { type: 'response.output_text.delta', output_index: 0, delta: 'Hi' },
      { type: 'response.output_item.done', output_index: 0, item: { type: 'message' } },
    ];
    const open = readStream(responses, startResponsesStream(), framed(said), []).state;
    expect(responses.isComplete(open)).toBe(false);
    const end = [{ type: 'response.completed', response: { status: 'completed', output: [] } }];
    expect(responses.isComplete(readStream(responses, open, framed(end), []).state)).toBe(true);
  });

  it('calls what is no JSON object malformed', () => {
    for (const data of ['{', '[]', '1', '"text"', 'null'])
      expect(readStream(responses, startResponsesStream(), Buffer.from(`data: ${data}\n\n`), []).readings).toEqual(['malformed']);
  });
});

/** Every tool of OpenAI's client but `image_generation`: one that it comes to know stops the compiler here. */
const toolTypes = Object.keys({
  function: true,
  custom: true,
  namespace: true,
  file_search: true,
  computer: true,
  computer_use_preview: true,
  web_search: true,
  web_search_2025_08_26: true,
  web_search_preview: true,
  web_search_preview_2025_03_11: true,
  mcp: true,
  code_interpreter: true,
  programmatic_tool_calling: true,
  local_shell: true,
  shell: true,
  tool_search: true,
  apply_patch: true,
} satisfies Record<Exclude<OpenAI.Responses.Tool['type'], 'image_generation'>, true>);

describe('a request', () => {
  const facts = (more: object) =>
    responses.parse({
      body: { model: 'a/b', input: 'x', ...JSON.parse(JSON.stringify(more)) },
      bodyBytes: 1000,
      headers: {},
      query: {},
      path: {},
    });

  it('of any shape is a call or an error that names a field, never a crash', () => {
    const odd = fc.jsonValue({ maxDepth: 4 });
    const any = fc.oneof(
      fc.record(
        {
          type: fc.constantFrom('message', 'reasoning', 'function_call', 'function_call_output', 'custom_tool_call', 'other'),
          role: fc.constantFrom('user', 'assistant', 'x'),
          content: odd,
          output: odd,
          call_id: odd,
          summary: odd,
        },
        { requiredKeys: [] },
      ),
      odd,
    );
    const body = fc.record(
      {
        model: fc.oneof(fc.constant('a/b'), odd),
        input: fc.oneof(text, fc.array(any), odd),
        tools: odd,
        reasoning: odd,
        text: odd,
        stream: odd,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(body, (it) => {
        const json: unknown = JSON.parse(JSON.stringify(it));
        if (isJsonObject(json)) parses(responses, json);
      }),
      { numRuns: 500 },
    );
  });

  it('tells what lies with the provider, hosted tools and their searches', () => {
    for (const more of [
      { previous_response_id: 'r' },
      { conversation: { id: 'c' } },
      { prompt: { id: 'p' } },
      { input: [{ type: 'item_reference', id: 'i' }] },
      { input: [{ id: 'i' }] },
      { input: [{ type: null, id: 'i' }] },
    ])
      expect(facts(more).content.hasStoredContext).toBe(true);
    expect(facts({}).content.hasStoredContext).toBeUndefined();
    expect(facts({ tools: [{ type: 'web_search' }], max_tool_calls: 2 })).toMatchObject({
      content: { serverToolUses: 2 },
      units: { searches: 2 },
    });
    const own = [
      { type: 'function', name: 'f' },
      { type: 'tool_search', execution: 'client' },
      { type: 'shell', environment: { type: 'local' } },
    ];
    expect(facts({ tools: own }).content.serverToolUses).toBeUndefined();
    // A tool that can only be the provider's is not the caller's because it says so.
    expect(facts({ tools: [{ type: 'web_search', execution: 'client', environment: { type: 'local' } }] }).units).toMatchObject({
      searches: 4,
    });
  });

  it('tells the hosted tools that come with an item of the input, or may come with a template', () => {
    const search = [{ type: 'web_search' }, { type: 'code_interpreter', container: { type: 'auto' } }];
    for (const type of ['additional_tools', 'tool_search_output'])
      expect(facts({ input: [{ type, role: 'developer', tools: search }] })).toMatchObject({
        content: { serverToolUses: 4 },
        units: { searches: 4, containers: 1 },
        hostedTools: { uses: 4, bounded: 'if-sent' },
      });
    const large = { type: 'code_interpreter', container: { type: 'auto', memory_limit: '64g' } };
    expect(facts({ tools: [large] }).hostedTools?.bounded).toBe('if-sent');
    // Its size would not be told again by the answer.
    expect(facts({ input: [{ type: 'additional_tools', role: 'developer', tools: [large] }] }).hostedTools?.bounded).toBe('no');
    expect(facts({ prompt: { id: 'p' } })).toMatchObject({ units: { searches: 4, fileSearches: 4 }, hostedTools: { bounded: 'if-sent' } });
  });

  it('has a price for every tool that OpenAI knows but the one that draws, and for no other', () => {
    for (const type of toolTypes) expect([type, facts({ tools: [{ type }] }).hostedTools?.unpriced]).toEqual([type, undefined]);
    for (const type of ['image_generation', 'browse_deeply', 'web_search_of_tomorrow', 'function_host'])
      expect(facts({ tools: [{ type }, { type: 'web_search' }] }).hostedTools?.unpriced).toBe(type);
    const item = [{ type: 'additional_tools', role: 'developer', tools: [{ type: 'image_generation' }] }];
    expect(facts({ input: item }).hostedTools?.unpriced).toBe('image_generation');
  });

  it('is charged for the container that its shell ran in, whichever of the two says where that was', () => {
    const ran = (environment: object | null, tools: object[]) => {
      const body = { output: [{ type: 'shell_call', environment }], tools, usage: { input_tokens: 1, output_tokens: 1 } };
      return responses.readAnswer(JSON.parse(JSON.stringify(body))).usage?.containers;
    };
    const container = { type: 'container_reference', container_id: 'cntr_1' };
    expect(ran(container, [{ type: 'shell' }])).toBe(1);
    expect(ran(null, [{ type: 'shell', environment: { type: 'container_auto', memory_limit: '4g' } }])).toBe(4);
    expect(ran({ type: 'local' }, [{ type: 'shell', environment: { type: 'local' } }])).toBe(0);
  });

  it('says whether a part of it is to stay in the prompt cache for twelve hours, and an answer how much was written so', () => {
    const part = { type: 'input_text', text: 'x', prompt_cache_breakpoint: { mode: 'explicit', ttl: '12h' } };
    for (const more of [
      { prompt_cache_options: { ttl: '12h' } },
      { input: [{ role: 'user', content: [part] }] },
      { input: [{ type: 'function_call_output', call_id: 'c', output: [part] }] },
      { prompt: { id: 'p', variables: { it: part } } },
    ])
      expect(facts(more).content.promptCache).toBe('1h');
    expect(facts({ prompt_cache_options: { ttl: '30m' } }).content.promptCache).toBe('none');
    const details = { cached_tokens: 10, cache_write_tokens: 50, cache_write_tokens_details: { ttl_30m_tokens: 20, ttl_12h_tokens: 30 } };
    const usage = { input_tokens: 100, input_tokens_details: details, output_tokens: 5, total_tokens: 105 };
    expect(responses.readAnswer({ usage }).usage).toMatchObject({ cacheWriteTokens: 50, cacheWrite1hTokens: 30 });
  });

  it('may compact what went before, which reads all of it once more and writes a summary', () => {
    const compacting = { context_management: [{ type: 'compaction', compact_threshold: 200_000 }] };
    expect(facts({ ...compacting, max_output_tokens: 500 })).toMatchObject({ content: { serverToolUses: 1 }, predictedTokens: 500 });
    expect(facts({ input: [{ role: 'user', content: 'x' }, { type: 'compaction_trigger' }] }).predictedTokens).toBe(128_000);
    expect(facts({ context_management: null }).predictedTokens).toBeUndefined();
  });

  it('counts pictures and papers, not their bytes, as input, in messages and in outputs of tools', () => {
    const image = { type: 'input_image', image_url: `data:image/png;base64,${'A'.repeat(400)}`, detail: 'low' };
    const file = { type: 'input_file', file_data: `data:application/pdf;base64,${'A'.repeat(400)}` };
    const { content } = facts({
      input: [
        { role: 'user', content: [image] },
        { type: 'function_call_output', call_id: 'c', output: [file, { type: 'input_file', file_url: 'https://x' }] },
      ],
    });
    expect(content).toMatchObject({
      textBytes: 200,
      images: [{ bytes: 300, detail: 'low' }],
      files: [{ bytes: 300, mediaType: 'application/pdf' }, {}],
    });
  });
});

describe('a recorded answer', () => {
  const recorded = recordings().filter(({ family, body }) => family === 'openai-responses' && (body === undefined || isWhole(body)));
  const assembled = (body: JsonObject) =>
    responsesRecording.assemble(
      responsesRecording.replay(body, { streamUsage: true }).map(({ event: name, data }) => ({ event: name, data: data ?? '' })),
    );

  function isWhole(body: string): boolean {
    return JSON.parse(body).object === 'response';
  }

  it.each(recorded.flatMap(({ name, body }) => (body === undefined ? [] : [[name, body] as const])))(
    '%s is the same after a replay',
    (_name, body) => {
      const json: JsonObject = JSON.parse(body);
      expect(assembled(json)).toEqual(json);
    },
  );

  it('of any items is the same after a replay, and says as a stream what it says as a body', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 4 }), (output) => {
        const body: JsonObject = JSON.parse(
          JSON.stringify({
            id: 'resp_1',
            object: 'response',
            model: 'm',
            status: 'completed',
            output,
            usage: { input_tokens: 1, output_tokens: 2 },
          }),
        );
        expect(assembled(body)).toEqual(body);
        const frames = responsesRecording.replay(body, { streamUsage: true });
        const { state } = readStream(responses, startResponsesStream(), Buffer.concat(frames.map(({ bytes }) => bytes)), []);
        const { usage, finishReason, toolNames } = responses.readAnswer(body);
        expect(state).toMatchObject({ ended: true, usage, finishReason, toolNames });
      }),
      { numRuns: 300 },
    );
  });

  it('that failed or is cut is not kept', () => {
    expect(responsesRecording.assemble([{ event: undefined, data: '{"type":"response.failed","response":{}}' }])).toBeUndefined();
    expect(responsesRecording.assemble([{ event: undefined, data: '{"type":"response.created","response":{}}' }])).toBeUndefined();
  });
});

describe('a member', () => {
  it('is put into an object of any JSON text, and every other byte stays', () => {
    fc.assert(
      fc.property(
        fc.dictionary(text, fc.jsonValue()),
        fc.dictionary(text, fc.jsonValue()),
        fc.constantFrom(0, 1, 2),
        (outer, inner, space) => {
          const plain = { ...outer, response: inner };
          const json = JSON.stringify(plain, null, space);
          const spliced = withMember(json, ['response'], '"cost_usd":0.25');
          const expected = JSON.parse(json);
          expect(JSON.parse(spliced)).toEqual({ ...expected, response: { ...expected.response, cost_usd: 0.25 } });
          expect(spliced.replace(/,?"cost_usd":0\.25/, '')).toBe(json);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('leaves a text without that object as it is', () => {
    fc.assert(
      fc.property(fc.string(), (any) => {
        const plain = any.replaceAll('{', '');
        expect(withMember(plain, ['response'], '"x":1')).toBe(plain);
      }),
    );
    expect(withMember('{"a":{"response":{}}}', ['response'], '"x":1')).toBe('{"a":{"response":{}}}');
  });
});

describe('a seal', () => {
  it('is opened to what was sealed, and nothing else is taken for one', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('google', 'openai', 'x'), fc.dictionary(text, text)),
        fc.option(text, { nil: undefined }),
        (metadata, owner) => {
          const plain: JsonObject = JSON.parse(JSON.stringify(metadata));
          expect(unseal(seal(plain, owner))).toEqual({ metadata: plain, ...(owner !== undefined && { for: owner }) });
        },
      ),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((tail) => `sluice.v1.${tail}`),
        ),
        (any) => void unseal(any),
      ),
    );
    expect(unseal('EqoBCkgIARABGAIiQ')).toBeUndefined();
  });
});
