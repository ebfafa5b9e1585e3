import { Buffer } from 'node:buffer';
import type Anthropic from '@anthropic-ai/sdk';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isJsonObject, type JsonObject } from '../../shared/calls/json.ts';
import { usageOf } from '../../shared/calls/usage.ts';
import { messages } from '../../shared/dialects/messages.ts';
import { readMessagesUsage } from '../../shared/dialects/messages-answer.ts';
import { messagesRecording } from '../../shared/dialects/messages-recording.ts';
import { readMessagesFrame, startMessagesStream } from '../../shared/dialects/messages-stream.ts';
import { sseFrame } from '../../shared/streaming/sse-writer.ts';
import { recordings } from '../conformance/recordings.ts';
import { cuts, framed, parses, readStream } from '../support/split-streams.ts';

const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const delta = fc.oneof(
  text.map((it) => ({ type: 'text_delta', text: it })),
  text.map((it) => ({ type: 'thinking_delta', thinking: it })),
  text.map((it) => ({ type: 'signature_delta', signature: it })),
  text.map((it) => ({ type: 'input_json_delta', partial_json: it })),
  fc.constant({ type: 'citations_delta', citation: { type: 'x' } }),
);
const usage = fc.record(
  { input_tokens: fc.nat(), output_tokens: fc.nat(), cache_read_input_tokens: fc.option(fc.nat()) },
  { requiredKeys: [] },
);
const event = fc.oneof(
  usage.map((it) => ({ type: 'message_start', message: { id: 'msg_1', model: 'c', usage: it } })),
  fc.record({
    type: fc.constant('content_block_start'),
    index: fc.nat({ max: 2 }),
    content_block: fc.constantFrom({ type: 'text', text: '' }, { type: 'tool_use', name: 'f', input: {} }),
  }),
  fc.record({ type: fc.constant('content_block_delta'), index: fc.nat({ max: 2 }), delta }),
  fc.record({ type: fc.constant('content_block_stop'), index: fc.nat({ max: 2 }) }),
  fc.record({
    type: fc.constant('message_delta'),
    delta: fc.record({ stop_reason: fc.constantFrom(null, 'end_turn', 'max_tokens', 'tool_use', 'odd') }),
    usage,
  }),
  fc.constantFrom(
    { type: 'message_stop' },
    { type: 'ping' },
    { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } },
  ),
  // What look-alikes send instead.
  fc.dictionary(fc.constantFrom('type', 'message', 'delta', 'index', 'usage', 'content_block', 'error'), fc.jsonValue()),
);

/** What a native provider without any wish of its own is told. */
const plainTarget = {
  model: 'm',
  asksForStreamUsage: false,
  maxTokensField: 'max_tokens',
  maxOutputTokens: undefined,
  stream: false,
  overrides: {},
} as const;

/** Every type of tool that the official client knows, by who runs it: one that is new there does not compile here. */
type VendorTool = NonNullable<Exclude<Anthropic.Beta.Messages.BetaToolUnion, { type?: 'custom' | null }>['type']>;
type Hosted = `${'web_search' | 'web_fetch' | 'code_execution' | 'tool_search_tool'}_${string}`;
const clientTypes: Record<Exclude<VendorTool, Hosted | `advisor_${string}`>, true> = {
  bash_20241022: true,
  bash_20250124: true,
  browser_toolset_20260801: true,
  computer_20241022: true,
  computer_20250124: true,
  computer_20251124: true,
  computer_toolset_20260801: true,
  mcp_toolset: true,
  memory_20250818: true,
  text_editor_20241022: true,
  text_editor_20250124: true,
  text_editor_20250429: true,
  text_editor_20250728: true,
};
const serverTypes: Record<Extract<VendorTool, Hosted>, true> = {
  code_execution_20250522: true,
  code_execution_20250825: true,
  code_execution_20260120: true,
  code_execution_20260521: true,
  tool_search_tool_bm25: true,
  tool_search_tool_bm25_20251119: true,
  tool_search_tool_regex: true,
  tool_search_tool_regex_20251119: true,
  web_fetch_20250910: true,
  web_fetch_20260209: true,
  web_fetch_20260309: true,
  web_fetch_20260318: true,
  web_search_20250305: true,
  web_search_20260209: true,
  web_search_20260318: true,
};

const events = (lines: readonly string[]): JsonObject[] => lines.map((line) => JSON.parse(line));

describe('the reader of Messages streams', () => {
  it('reads the same whatever the split and the line ends, and never throws over JSON objects', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), cuts, fc.constantFrom('\n', '\r\n'), (all, at, lineEnd) => {
        const whole = readStream(messages, startMessagesStream(), framed(all), []);
        expect(readStream(messages, startMessagesStream(), framed(all, lineEnd), at)).toEqual(whole);
        expect(whole.readings).not.toContain('malformed');
      }),
      { numRuns: 500 },
    );
  });

  it('takes a stream for whole once it has said why it stopped, and for cut before', () => {
    const said = [
      { type: 'message_start', message: { usage: { input_tokens: 3, output_tokens: 1 } } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } },
    ];
    const open = readStream(messages, startMessagesStream(), framed(said), []).state;
    expect(messages.isComplete(open)).toBe(false);
    // What was made is bounded by its bytes until it is counted.
    expect(open.usage).toMatchObject({ inputTokens: 3, outputTokens: 2 });
    const stopped = readStream(
      messages,
      open,
      framed([{ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 1 } }]),
      [],
    ).state;
    expect(messages.isComplete(stopped)).toBe(true);
    expect(stopped.usage).toMatchObject({ inputTokens: 3, outputTokens: 1 });
    expect(messages.closing(stopped).map(({ event: name }) => name)).toEqual(['message_stop']);
    expect(messages.closing(readStream(messages, stopped, framed([{ type: 'message_stop' }]), []).state)).toEqual([]);
  });

  it('knows no usage from a provider that begins with zeros until it has counted', () => {
    const { state } = readStream(
      messages,
      startMessagesStream(),
      framed([{ type: 'message_start', message: { usage: { input_tokens: 0, output_tokens: 0 } } }]),
      [],
    );
    expect(state.usage).toBeUndefined();
  });

  it('knows what a message began with, and that it has ended with it', () => {
    const content = [{ type: 'tool_use', id: 'toolu_1', name: 'lookup', input: { id: 'c1' } }];
    const usage = { input_tokens: 3, output_tokens: 4 };
    const whole = { type: 'message_start', message: { id: 'msg_1', model: 'c', content, stop_reason: 'tool_use', usage } };
    const state = startMessagesStream();
    const reading = readMessagesFrame(state, sseFrame(JSON.stringify(whole)));
    expect(reading.content).toBe(true);
    expect(state).toMatchObject({ finishReason: 'tool_calls', toolNames: ['lookup'], hasContent: true, usage: { outputTokens: 4 } });
    expect(state.outputBytes).toBeGreaterThan(10);
  });

  it('calls what is no JSON object malformed', () => {
    for (const data of ['{', '[]', '1', '"text"', 'null'])
      expect(readStream(messages, startMessagesStream(), Buffer.from(`data: ${data}\n\n`), []).readings).toEqual(['malformed']);
  });
});

describe('usage', () => {
  it('is summed over fresh, cached and written input, split by lifetime, with searches and what a compaction used', () => {
    expect(
      readMessagesUsage({
        input_tokens: 10,
        cache_read_input_tokens: 100,
        cache_creation_input_tokens: 20,
        cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 15 },
        output_tokens: 7,
        output_tokens_details: { thinking_tokens: 4 },
        server_tool_use: { web_search_requests: 2 },
        iterations: [
          { type: 'message', input_tokens: 10, output_tokens: 7 },
          { type: 'compaction', input_tokens: 50, output_tokens: 30, cache_read_input_tokens: 1 },
        ],
      }),
    ).toEqual(
      usageOf({
        inputTokens: 181,
        cachedInputTokens: 101,
        cacheWriteTokens: 20,
        cacheWrite1hTokens: 15,
        outputTokens: 37,
        reasoningTokens: 4,
        searches: 2,
      }),
    );
  });
});

describe('usage of an answer that another model gave', () => {
  it('counts what the first one wrote before it declined, and nothing of one that declined at once', () => {
    const served = { type: 'fallback_message', model: 'claude-opus-5', input_tokens: 412, output_tokens: 264 };
    const declined = (output: number) => ({ type: 'message', model: 'claude-fable-5-2', input_tokens: 535, output_tokens: output });
    const told = (output: number) => readMessagesUsage({ input_tokens: 412, output_tokens: 264, iterations: [declined(output), served] });
    expect(told(0)).toEqual(usageOf({ inputTokens: 412, outputTokens: 264 }));
    expect(told(20)).toEqual(usageOf({ inputTokens: 947, outputTokens: 284 }));
  });
});

describe('a request', () => {
  const facts = (more: object) =>
    messages.parse({
      body: { model: 'a/b', max_tokens: 10, messages: [{ role: 'user', content: 'x' }], ...JSON.parse(JSON.stringify(more)) },
      bodyBytes: 1000,
      headers: {},
      query: {},
      path: {},
    });

  it('of any shape is a call or an error that names a field, never a crash', () => {
    const odd = fc.jsonValue({ maxDepth: 4 });
    const block = fc.oneof(
      fc.record({
        type: fc.constantFrom('text', 'image', 'document', 'tool_use', 'tool_result', 'thinking', 'other'),
        text: odd,
        source: odd,
        content: odd,
        id: odd,
      }),
      odd,
    );
    const body = fc.record(
      {
        model: fc.oneof(fc.constant('a/b'), odd),
        max_tokens: fc.oneof(fc.nat(), odd),
        messages: fc.oneof(
          fc.array(fc.record({ role: fc.constantFrom('user', 'assistant'), content: fc.oneof(text, fc.array(block), odd) })),
          odd,
        ),
        system: odd,
        tools: odd,
        thinking: odd,
        stream: odd,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(body, (any) => {
        const json: unknown = JSON.parse(JSON.stringify(any));
        if (isJsonObject(json)) parses(messages, json);
      }),
      { numRuns: 500 },
    );
  });

  it('tells the marks for the cache, wherever they stand, at the longest lifetime', () => {
    expect(facts({}).content.promptCache).toBe('none');
    expect(facts({ cache_control: { type: 'ephemeral' } }).content.promptCache).toBe('5m');
    const hour = { cache_control: { type: 'ephemeral', ttl: '1h' } };
    expect(facts({ system: [{ type: 'text', text: 'x', ...hour }] }).content.promptCache).toBe('1h');
    expect(facts({ tools: [{ name: 'f', input_schema: {}, ...hour }] }).content.promptCache).toBe('1h');
    const nested = [
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: 'x', ...hour }] }] },
    ];
    expect(facts({ messages: nested }).content.promptCache).toBe('1h');
  });

  it('tells tools of the vendor, searches to hold money for, and what lies with the provider', () => {
    const tools = [
      { name: 'f', input_schema: {} },
      { type: 'bash_20250124', name: 'bash' },
      { type: 'web_search_20250305', name: 'web_search', max_uses: 3 },
    ];
    expect(facts({ tools })).toMatchObject({ content: { tools: 3, vendorTools: 2, serverToolUses: 3 }, units: { searches: 3 } });
    expect(facts({ thread: { type: 'continue', previous_message_id: 'm' } }).content.hasStoredContext).toBe(true);
  });

  it('finds the tools that a message adds later, or a compaction hands over', () => {
    const search = { type: 'web_search_20260318', name: 'web_search' };
    const addition = (definition: object) => ({ type: 'tool_addition', tool: { type: 'tool_definition', definition } });
    const asked = [{ role: 'user', content: 'x' }];
    const added = facts({ messages: [...asked, { role: 'system', content: [addition(search)] }] });
    expect(added).toMatchObject({
      content: { tools: 1, vendorTools: 1, serverToolUses: 10 },
      units: { searches: 10 },
      hostedTools: { bounded: 'if-sent', uses: 10 },
    });
    const sent = messages.nativeBody(added, { ...plainTarget, bounds: { toolUses: 10 } });
    expect(sent.messages).toEqual([...asked, { role: 'system', content: [addition({ ...search, max_uses: 10 })] }]);
    expect(messages.nativeBody(added, plainTarget).messages).toEqual(added.body.messages);
    // What the provider has signed cannot be given a bound.
    const compaction = { type: 'compaction', content: 'So far.', tool_changes: [addition(search)] };
    expect(facts({ messages: [{ role: 'assistant', content: [compaction] }, ...asked] }).hostedTools?.bounded).toBe('no');
    const advised = addition({ type: 'advisor_20260301', name: 'advisor', model: 'claude-fable-5' });
    expect(() => facts({ messages: [...asked, { role: 'system', content: [advised] }] })).toThrow(/advice/);
  });

  it('takes a tool of the vendor that nobody knows for one that has a fee', () => {
    expect(facts({ tools: [{ type: 'image_generation_20270101', name: 'draw' }] }).hostedTools?.unpriced).toBe('image_generation_20270101');
    for (const type of Object.keys(clientTypes)) expect(facts({ tools: [{ type, name: 'x' }] }).hostedTools, type).toBeUndefined();
    for (const type of Object.keys(serverTypes))
      expect(facts({ tools: [{ type, name: 'x' }] }).hostedTools, type).toMatchObject({ unpriced: undefined });
    expect(facts({ tools: [{ type: 'of_my_own', name: 'f', input_schema: { type: 'object' } }] }).hostedTools).toBeUndefined();
  });

  it('holds money for the context read again, and the summary, where the provider may compact', () => {
    const plain = facts({ max_tokens: 500, context_management: { edits: [{ type: 'clear_tool_uses_20250919' }] } });
    expect([plain.predictedTokens, plain.content.serverToolUses]).toEqual([undefined, undefined]);
    const compacting = facts({ max_tokens: 500, context_management: { edits: [{ type: 'compact_20260112' }] } });
    expect([compacting.predictedTokens, compacting.content.serverToolUses]).toEqual([500, 1]);
  });

  it('tells the end user without the session that Claude Code writes beside it', () => {
    const user = (userId: string) => facts({ metadata: { user_id: userId } }).endUser;
    expect(user('user-7')).toBe('user-7');
    expect(user('{"device_id":"d1","account_uuid":"","session_id":"s1"}')).toBe('d1');
    expect(user('{"device_id":"d1","account_uuid":"a1","session_id":"s1"}')).toBe('a1');
    expect(user('user_ab_account__session_de1f61a3-da2d-498f-8df2-baa31e52ccdc')).toBe('user_ab_account_');
    expect(user('{not json')).toBe('{not json');
  });

  it('tells fast mode and a fixed region as tiers that stack', () => {
    expect(facts({ speed: 'fast', inference_geo: 'us' }).serviceTier).toBe('fast+us');
    expect(facts({ service_tier: 'auto', speed: 'standard' }).serviceTier).toBeUndefined();
  });

  it('counts pictures and papers, not their bytes, as input', () => {
    const data = 'A'.repeat(400);
    const { content } = facts({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data } },
            { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data } },
          ],
        },
      ],
    });
    expect(content).toMatchObject({ textBytes: 200, images: [{ bytes: 300 }], files: [{ bytes: 300, mediaType: 'application/pdf' }] });
  });
});

describe('a recorded answer', () => {
  const recorded = recordings().filter(({ family }) => family === 'anthropic-messages');
  const replayed = (body: JsonObject) => messagesRecording.replay(body, { streamUsage: true });
  const assembled = (body: JsonObject) =>
    messagesRecording.assemble(replayed(body).map(({ event: name, data }) => ({ event: name, data: data ?? '' })));

  it.each(recorded.flatMap(({ name, body }) => (body === undefined ? [] : [[name, body] as const])))(
    '%s is the same after a replay',
    (_name, body) => {
      const json: JsonObject = JSON.parse(body);
      expect(assembled(json)).toEqual(json);
    },
  );

  it.each(recorded.flatMap(({ name, events: lines }) => (lines === undefined ? [] : [[name, lines] as const])))(
    '%s says as a body what it said as a stream',
    (_name, lines) => {
      const body = messagesRecording.assemble(lines.map((data) => ({ event: undefined, data })));
      const { state } = readStream(messages, startMessagesStream(), framed(events(lines)), []);
      const { usage: counted, finishReason, id, model, toolNames, serviceTier } = messages.readAnswer(body ?? {});
      expect({ counted, finishReason, id, model, toolNames, serviceTier }).toEqual({
        counted: state.usage,
        finishReason: state.finishReason,
        id: state.id,
        model: state.model,
        toolNames: state.toolNames,
        serviceTier: state.serviceTier,
      });
      expect(assembled(body ?? {})).toEqual(body);
    },
  );

  const block = fc.oneof(
    fc.record({ type: fc.constant('text'), text, citations: fc.constantFrom(null, [], [{ type: 'char_location', cited_text: 'x' }]) }),
    fc.record({ type: fc.constant('thinking'), thinking: text, signature: text }),
    fc.record({ type: fc.constant('redacted_thinking'), data: text }),
    fc.record({
      type: fc.constant('tool_use'),
      id: fc.constant('t'),
      name: text,
      input: fc.dictionary(text, fc.jsonValue({ noUnicodeString: false })),
    }),
    fc.record({ type: fc.constant('web_search_tool_result'), content: fc.constant([{ url: 'u' }]) }),
  );

  it('of any blocks is the same after a replay', () => {
    fc.assert(
      fc.property(fc.array(block, { maxLength: 4 }), (content) => {
        const body: JsonObject = JSON.parse(
          JSON.stringify({
            id: 'm',
            type: 'message',
            role: 'assistant',
            model: 'c',
            content,
            stop_reason: 'end_turn',
            stop_sequence: null,
            usage: { input_tokens: 1, output_tokens: 2 },
          }),
        );
        expect(assembled(body)).toEqual(body);
      }),
      { numRuns: 300 },
    );
  });

  it('that is not whole is not kept', () => {
    expect(messagesRecording.assemble([{ event: undefined, data: '{"type":"message_start","message":{}}' }])).toBeUndefined();
  });
});
