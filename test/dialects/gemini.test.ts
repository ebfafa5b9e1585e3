import { Buffer } from 'node:buffer';
import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { usageOf } from '../../shared/calls/usage.ts';
import { gemini } from '../../shared/dialects/gemini.ts';
import { jsonArrayFraming } from '../../shared/dialects/gemini-stream.ts';
import { GatewayError } from '../../shared/errors/gateway-error.ts';
import { SseReader } from '../../shared/streaming/sse-reader.ts';

const recordings = '../shared/recordings/google-generate-content';
const target = {
  model: 'gemini-2.5-pro',
  asksForStreamUsage: true,
  maxTokensField: 'max_tokens' as const,
  maxOutputTokens: undefined,
  stream: false,
  overrides: {},
};

function call(body: object, path: { model?: string; action?: string } = {}, query: Record<string, string> = {}) {
  const text = JSON.stringify(body);
  return gemini.parse({
    body: JSON.parse(text),
    bodyBytes: Buffer.byteLength(text),
    headers: {},
    query,
    path: { model: 'google/gemini-2.5-pro', action: 'generateContent', ...path },
  });
}

const hello = { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] };
const lines = (name: string) =>
  readFileSync(`${recordings}/${name}`, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '');

function readAll(bytes: Buffer, cuts: readonly number[] = []) {
  const reader = new SseReader();
  const state = gemini.startStream(call(hello));
  const edges = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
  const chunks = edges.slice(1).map((edge, index) => bytes.subarray(edges[index], edge));
  const frames = [...chunks.flatMap((chunk) => reader.push(Buffer.from(chunk))), ...reader.end()];
  const readings = frames.map((frame) => gemini.readFrame(state, frame));
  return { state, readings, bytes: Buffer.concat(frames.map((frame) => frame.bytes)) };
}

describe('a request', () => {
  it('takes its model and its streaming from the path', () => {
    expect(call(hello)).toMatchObject({ dialect: 'gemini', model: 'google/gemini-2.5-pro', stream: false, choices: 1 });
    expect(call(hello, { action: 'streamGenerateContent' }, { alt: 'sse' })).toMatchObject({ stream: true });
    expect(call(hello, { action: 'streamGenerateContent' }, { alt: 'sse' }).streamForm).toBeUndefined();
    expect(call(hello, { action: 'streamGenerateContent' }).streamForm).toBe('json-array');
  });

  it.each([
    ['camelCase', { generationConfig: { maxOutputTokens: 7, candidateCount: 2 }, cachedContent: 'cachedContents/x' }],
    ['snake_case', { generation_config: { max_output_tokens: 7, candidate_count: 2 }, cached_content: 'cachedContents/x' }],
  ])('says in %s how much it may cost', (_style, more) => {
    expect(call({ ...hello, ...more })).toMatchObject({ maxOutputTokens: 7, choices: 2, content: { hasStoredContext: true } });
  });

  it('counts media apart from text', () => {
    const data = Buffer.alloc(300).toString('base64');
    const { content } = call({
      contents: [
        {
          parts: [
            { text: 'Look' },
            { inlineData: { mimeType: 'image/png', data } },
            { inline_data: { mime_type: 'audio/wav', data } },
            { fileData: { mimeType: 'application/pdf', fileUri: 'https://example.com/a.pdf' } },
          ],
        },
      ],
    });
    expect(content.images).toEqual([{ bytes: 300 }]);
    expect(content.audio).toEqual([{ bytes: 300 }]);
    expect(content.files).toEqual([{ mediaType: 'application/pdf' }]);
    expect(content.textBytes).toBeLessThan(400);
  });

  it('counts the media in the result of a function, where computer use puts its screenshots', () => {
    const data = Buffer.alloc(3000).toString('base64');
    const parts = [
      { inlineData: { mimeType: 'image/png', data } },
      { file_data: { mime_type: 'video/mp4', file_uri: 'https://generativelanguage.googleapis.com/v1beta/files/x' } },
    ];
    const { content } = call({ contents: [{ parts: [{ functionResponse: { name: 'click_at', response: {}, parts } }] }] });
    expect(content.images).toEqual([{ bytes: 3000 }]);
    expect(content.files).toEqual([{ mediaType: 'video/mp4' }]);
    expect(content.textBytes).toBeLessThan(400);
  });

  it('that carries on with an answer reads what lies with Google', () => {
    expect(call({ ...hello, continuationToken: 'b3BhcXVl' }).content.hasStoredContext).toBe(true);
    expect(call(hello).content.hasStoredContext).toBe(false);
  });

  it.each([
    ['its own functions and computer use', [{ functionDeclarations: [{ name: 'f' }] }, { computerUse: {} }], undefined, 0],
    ['what reads at no fee', [{ urlContext: {} }, { code_execution: {} }, { fileSearch: {} }, { mcpServers: [] }], undefined, 1],
    ['a search', [{ google_search: {} }], { uses: 32, bounded: 'no' }, 1],
    ['a search of another', [{ exaAiSearch: {} }], { uses: 32, bounded: 'no', unpriced: 'exaAiSearch' }, 1],
    ['a data store', [{ googleSearch: {} }, { retrieval: {} }], { uses: 32, bounded: 'no', unpriced: 'retrieval' }, 1],
    ['a tool of tomorrow', [{ quantum_search: {} }], { uses: 32, bounded: 'no', unpriced: 'quantumSearch' }, 1],
  ])('with %s says what it may be charged for', (_what, tools, hosted, uses) => {
    const parsed = call({ ...hello, tools });
    expect(parsed.hostedTools).toEqual(hosted);
    expect(parsed.content.serverToolUses).toBe(uses);
  });

  it('may bring back a call whose arguments came in pieces', () => {
    const parts = [{ functionCall: { name: 'f', willContinue: true } }, { functionCall: { partialArgs: [{ jsonPath: '$.a' }] } }];
    expect(() => call({ contents: [...hello.contents, { role: 'model', parts }] })).not.toThrow();
  });

  it('reaches a native provider as it came, but for a cap', () => {
    const body = {
      ...hello,
      safetySettings: [{ category: 'X', threshold: 'Y' }],
      future: { field: 1 },
      generation_config: { max_output_tokens: 9, seed: 4 },
    };
    expect(gemini.nativeBody(call(body), target)).toEqual(body);
    expect(gemini.nativeBody(call(body), { ...target, maxOutputTokens: 5 })).toEqual({
      ...hello,
      safetySettings: body.safetySettings,
      future: body.future,
      generationConfig: { seed: 4, maxOutputTokens: 5 },
    });
  });

  it.each([
    ['no contents', {}, 'contents'],
    ['contents that are no array', { contents: 'Hello' }, 'contents'],
    ['a part whose text is no text', { contents: [{ parts: [{ text: 1 }] }] }, 'contents.0.parts.0.text'],
    ['a cap of nothing', { ...hello, generationConfig: { maxOutputTokens: 0 } }, 'generationConfig.maxOutputTokens'],
  ])('with %s is refused with the place', (_what, body, param) => {
    expect(() => call(body)).toThrow(expect.objectContaining({ code: 'invalid_request', param }));
  });

  it('is never more than refused, whatever it holds', () => {
    fc.assert(
      fc.property(fc.object(), fc.object(), (one, other) => {
        try {
          call({ ...one, contents: [other, { parts: [one] }], tools: [other] });
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe.skipIf(!existsSync(recordings))('a recorded answer', () => {
  it('is understood: thoughts beside the candidates, tool calls, the finish', () => {
    expect(gemini.readAnswer(JSON.parse(readFileSync(`${recordings}/google-text.json`, 'utf8')))).toMatchObject({
      usage: { inputTokens: 9, outputTokens: 272, reasoningTokens: 244 },
      finishReason: 'stop',
      id: 'Un6LacrVMcjUxs0PmJfWoQc',
      model: 'gemini-3-pro-preview',
    });
    expect(gemini.readAnswer(JSON.parse(readFileSync(`${recordings}/google-tool-call.json`, 'utf8')))).toMatchObject({
      usage: { inputTokens: 29, outputTokens: 908, reasoningTokens: 893 },
      finishReason: 'tool_calls',
      toolNames: ['weather'],
    });
  });

  it('that is a refusal says how long to wait', () => {
    expect(gemini.readFault(JSON.parse(readFileSync(`${recordings}/google-429-retry-info.json`, 'utf8')))).toMatchObject({
      status: 429,
      code: 'RESOURCE_EXHAUSTED',
      retryAfterMs: 34_400,
    });
  });

  it.each(['google-text', 'google-tool-call'])('%s reads the same however its bytes are cut and framed', (name) => {
    const whole = readAll(
      Buffer.from(
        lines(`${name}.chunks.txt`)
          .map((line) => `data: ${line}\n\n`)
          .join(''),
      ),
    );
    expect(whole.state.ended).toBe(true);
    expect(whole.readings.filter(({ finalUsage }) => finalUsage)).toHaveLength(1);
    expect(whole.readings.at(-1)?.finalUsage).toBe(true);
    const framings = [
      (line: string) => `data: ${line}\n\n`,
      (line: string) => `data: ${line}\r\n\r\n`,
      (line: string) => `: a comment\n\ndata:${line}\n\n\n`,
      (line: string) => `event: message\nid: 7\ndata: ${line}\n\n`,
      (line: string) => `data: ${line.replace('{"candidates":', '{\ndata: "candidates":')}\n\n`,
    ];
    fc.assert(
      fc.property(fc.constantFrom(...framings), fc.array(fc.nat(20_000), { maxLength: 40 }), (framing, cuts) => {
        const bytes = Buffer.from(lines(`${name}.chunks.txt`).map(framing).join(''));
        const cut = readAll(
          bytes,
          cuts.map((at) => at % (bytes.length + 1)),
        );
        expect(cut.state).toEqual(whole.state);
        expect(cut.bytes.equals(bytes)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('is cut at every single byte without losing one', () => {
    const bytes = Buffer.from(
      lines('google-tool-call.chunks.txt')
        .map((line) => `data: ${line}\n\n`)
        .join(''),
    );
    const whole = readAll(bytes);
    for (let at = 0; at <= bytes.length; at += 1) {
      const cut = readAll(bytes, [at]);
      expect(cut.state.usage).toEqual(whole.state.usage);
      expect(cut.bytes.length).toBe(bytes.length);
    }
  });

  it('that ends before its finish is not whole', () => {
    const half = lines('google-text.chunks.txt').slice(0, -1);
    expect(gemini.isComplete(readAll(Buffer.from(half.map((line) => `data: ${line}\n\n`).join(''))).state)).toBe(false);
  });
});

describe('a stream', () => {
  it('whose prompt was refused is whole without any candidate', () => {
    const { state } = readAll(Buffer.from('data: {"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4}}\n\n'));
    expect(gemini.isComplete(state)).toBe(true);
    expect(state.finishReason).toBe('content_filter');
  });

  it('tells of a fault that the provider reports inside', () => {
    const { readings } = readAll(Buffer.from('data: {"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}\n\n'));
    expect(readings[0]?.fault).toEqual({ status: 503, code: 'UNAVAILABLE', type: undefined, message: 'overloaded' });
  });

  it('that the gateway cuts ends in MAX_TOKENS, with the usage and the cost', () => {
    const { state } = readAll(
      Buffer.from('data: {"candidates":[{"content":{"parts":[{"text":"Half"}]},"index":0}],"modelVersion":"m"}\n\n'),
    );
    const [last] = gemini.truncate(state, usageOf({ inputTokens: 4, outputTokens: 5, reasoningTokens: 2 }), '0.000123');
    const body = JSON.parse(last?.data ?? '');
    expect(body.candidates[0].finishReason).toBe('MAX_TOKENS');
    expect(body.usageMetadata).toEqual({ promptTokenCount: 4, candidatesTokenCount: 3, thoughtsTokenCount: 2, totalTokenCount: 9 });
    expect(body.cost_usd).toBe(0.000123);
  });

  it('is one JSON array for a caller who did not ask for events', () => {
    const frames = ['{"a":1}', '{"b":[2]}', '{"c":"ü"}'].map((data) => ({ bytes: Buffer.from(''), event: undefined, data }));
    for (let count = 0; count <= frames.length; count += 1) {
      const text = [
        ...frames.slice(0, count).map((frame, index) => jsonArrayFraming.event(frame, index)?.toString()),
        jsonArrayFraming.end(count),
      ].join('');
      expect(JSON.parse(text)).toEqual(frames.slice(0, count).map(({ data }) => JSON.parse(data)));
    }
  });

  it('never crashes on what is no Gemini', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          readAll(Buffer.from(`data: ${JSON.stringify(value)}\n\n`));
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
    );
    expect(() => readAll(Buffer.from('data: {"candidates": [\n\n'))).toThrow(SyntaxError);
  });
});

describe('an end', () => {
  it.each([
    ['STOP', 'stop'],
    ['MAX_TOKENS', 'length'],
    ['CONTINUATION', 'length'],
    ['MALFORMED_RESPONSE', 'error'],
    ['NO_IMAGE', 'other'],
    ['IMAGE_RECITATION', 'content_filter'],
  ])('%s is %s', (finishReason, meaning) => {
    expect(gemini.readAnswer({ candidates: [{ content: { parts: [{ text: 'Hi' }] }, finishReason }] }).finishReason).toBe(meaning);
  });

  it('counts the queries for pictures among the searches', () => {
    const groundingMetadata = { webSearchQueries: ['a', 'b'], imageSearchQueries: ['c'] };
    const usageMetadata = { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 };
    const answer = { candidates: [{ finishReason: 'STOP', groundingMetadata }], usageMetadata, modelVersion: 'gemini-4-argon' };
    expect(gemini.readAnswer(answer).usage).toMatchObject({ searches: 3 });
  });
});

describe('an error', () => {
  it('tells its figures as texts, because the map of an ErrorInfo holds nothing else', () => {
    const error = new GatewayError('budget_exceeded', 'Spent.', { details: { scope: 'key', limit_usd: 0.5, left_out: ['a'] } });
    const body = gemini.errorBody(error) as { error: { details: { metadata: object }[] } };
    expect(body.error.details[0]?.metadata).toEqual({ scope: 'key', limit_usd: '0.5', left_out: '["a"]' });
  });

  it('has the shape of Google with the stable code as its reason', () => {
    const body = gemini.errorBody(new GatewayError('rate_limit_exceeded', 'Too fast.', { retryAfterMs: 1500, param: 'model' }));
    expect(body).toEqual({
      error: {
        code: 429,
        message: 'Too fast.',
        status: 'RESOURCE_EXHAUSTED',
        details: [
          { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'rate_limit_exceeded', domain: 'sluice' },
          { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '2s' },
          { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field: 'model', description: 'Too fast.' }] },
        ],
      },
    });
  });
});
