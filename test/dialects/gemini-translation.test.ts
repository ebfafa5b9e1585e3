import { Buffer } from 'node:buffer';
import type { LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { describe, expect, it } from 'vitest';
import { gemini } from '../../shared/dialects/gemini.ts';
import { jsonSchemaOf } from '../../shared/dialects/gemini-json-schema.ts';
import { readSignature, signatureOf } from '../../shared/dialects/gemini-signature.ts';

const translation = await gemini.translation?.();
if (translation === undefined) throw new Error('Gemini has no translation');

function call(body: object, action = 'generateContent') {
  const text = JSON.stringify(body);
  return gemini.parse({
    body: JSON.parse(text),
    bodyBytes: Buffer.byteLength(text),
    headers: {},
    query: { alt: 'sse' },
    path: { model: 'anthropic/claude', action },
  });
}

const optionsOf = (body: object) => translation.toOptions(call(body));
const hello = { contents: [{ role: 'user', parts: [{ text: 'Hello' }] }] };
const head = { id: 'abc', createdAtMs: 0, model: 'anthropic/claude' };
const usage = {
  inputTokens: { total: 10, noCache: 7, cacheRead: 3, cacheWrite: 0 },
  outputTokens: { total: 8, text: 3, reasoning: 5 },
};

describe('a prompt', () => {
  it('carries the system, turns, images and documents', () => {
    const { options, dropped } = optionsOf({
      systemInstruction: { parts: [{ text: 'Be brief.' }, { text: 'Be kind.' }] },
      contents: [
        { role: 'user', parts: [{ text: 'Look' }, { inlineData: { mimeType: 'image/png', data: 'iVBORw0KGgo=' } }] },
        { role: 'model', parts: [{ text: 'A cat.' }] },
        { parts: [{ fileData: { mimeType: 'application/pdf', fileUri: 'https://example.com/a.pdf' } }] },
      ],
    });
    expect(dropped).toEqual([]);
    expect(options.prompt).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'system', content: 'Be kind.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look' },
          { type: 'file', mediaType: 'image/png', data: { type: 'data', data: 'iVBORw0KGgo=' } },
        ],
      },
      { role: 'assistant', content: [{ type: 'text', text: 'A cat.' }] },
      {
        role: 'user',
        content: [
          {
            type: 'file',
            mediaType: 'application/pdf',
            data: { type: 'url', url: new URL('https://example.com/a.pdf'), originalUrl: 'https://example.com/a.pdf' },
          },
        ],
      },
    ]);
  });

  it('pairs results with calls that have no ids, in order and by name', () => {
    const { options } = optionsOf({
      contents: [
        { role: 'user', parts: [{ text: 'Weather?' }] },
        {
          role: 'model',
          parts: [
            { functionCall: { name: 'sky', args: { city: 'Ulm' } } },
            { functionCall: { name: 'wind', args: {} } },
            { functionCall: { name: 'sky', args: { city: 'Bonn' } } },
          ],
        },
        {
          role: 'user',
          parts: [
            { functionResponse: { name: 'wind', response: { output: 'calm' } } },
            { functionResponse: { name: 'sky', response: { clouds: 2 } } },
            { functionResponse: { name: 'sky', response: { error: 'no such city' } } },
            { text: 'So?' },
          ],
        },
      ],
    });
    expect(options.prompt.slice(1)).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'tool-call', toolCallId: 'call_0', toolName: 'sky', input: { city: 'Ulm' } },
          { type: 'tool-call', toolCallId: 'call_1', toolName: 'wind', input: {} },
          { type: 'tool-call', toolCallId: 'call_2', toolName: 'sky', input: { city: 'Bonn' } },
        ],
      },
      {
        role: 'tool',
        content: [
          { type: 'tool-result', toolCallId: 'call_1', toolName: 'wind', output: { type: 'text', value: 'calm' } },
          { type: 'tool-result', toolCallId: 'call_0', toolName: 'sky', output: { type: 'json', value: { clouds: 2 } } },
          { type: 'tool-result', toolCallId: 'call_2', toolName: 'sky', output: { type: 'error-text', value: 'no such city' } },
        ],
      },
      { role: 'user', content: [{ type: 'text', text: 'So?' }] },
    ]);
  });

  it('refuses what lies with Google and cannot be read elsewhere', () => {
    expect(() => optionsOf({ ...hello, cachedContent: 'cachedContents/x' })).toThrow(
      expect.objectContaining({ code: 'unsupported_parameter' }),
    );
    const fileUri = 'https://generativelanguage.googleapis.com/v1beta/files/abc';
    expect(() => optionsOf({ contents: [{ parts: [{ fileData: { fileUri } }] }] })).toThrow(
      expect.objectContaining({ code: 'unsupported_parameter', param: 'contents.0.parts.0.fileData.fileUri' }),
    );
  });
});

describe('fields', () => {
  it('are carried in either spelling', () => {
    const camel = optionsOf({
      ...hello,
      tools: [
        {
          functionDeclarations: [
            { name: 'sky', description: 'Looks up', parameters: { type: 'OBJECT', properties: { city: { type: 'STRING' } } } },
          ],
        },
      ],
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['sky'] } },
      generationConfig: {
        temperature: 0.5,
        topP: 0.9,
        topK: 40,
        maxOutputTokens: 100,
        seed: 7,
        stopSequences: ['END'],
        candidateCount: 1,
        responseMimeType: 'application/json',
        responseSchema: { type: 'OBJECT', properties: { a: { type: 'INTEGER', nullable: true } } },
        thinkingConfig: { thinkingLevel: 'HIGH', includeThoughts: true },
      },
    });
    const snake = optionsOf({
      ...hello,
      tools: [
        {
          function_declarations: [
            { name: 'sky', description: 'Looks up', parameters: { type: 'OBJECT', properties: { city: { type: 'STRING' } } } },
          ],
        },
      ],
      tool_config: { function_calling_config: { mode: 'ANY', allowed_function_names: ['sky'] } },
      generation_config: {
        temperature: 0.5,
        top_p: 0.9,
        top_k: 40,
        max_output_tokens: 100,
        seed: 7,
        stop_sequences: ['END'],
        candidate_count: 1,
        response_mime_type: 'application/json',
        response_schema: { type: 'OBJECT', properties: { a: { type: 'INTEGER', nullable: true } } },
        thinking_config: { thinking_level: 'HIGH', include_thoughts: true },
      },
    });
    expect(camel).toEqual(snake);
    expect(camel.dropped).toEqual([]);
    expect(camel.options).toMatchObject({
      temperature: 0.5,
      topP: 0.9,
      topK: 40,
      maxOutputTokens: 100,
      seed: 7,
      stopSequences: ['END'],
      reasoning: 'high',
      toolChoice: { type: 'tool', toolName: 'sky' },
      tools: [{ type: 'function', name: 'sky', inputSchema: { type: 'object', properties: { city: { type: 'string' } } } }],
      responseFormat: { type: 'json', schema: { type: 'object', properties: { a: { type: ['integer', 'null'] } } } },
    });
  });

  it('without a place are named', () => {
    const { dropped } = optionsOf({
      ...hello,
      safetySettings: [{ category: 'HARM', threshold: 'NONE' }],
      labels: { a: 'b' },
      tools: [{ googleSearch: {} }, { codeExecution: {} }],
      generationConfig: { candidateCount: 2, responseModalities: ['AUDIO'], speechConfig: {}, responseMimeType: 'text/x.enum' },
    });
    expect(dropped.toSorted()).toEqual([
      'generationConfig.candidateCount',
      'generationConfig.responseMimeType',
      'generationConfig.responseModalities',
      'generationConfig.speechConfig',
      'labels',
      'safetySettings',
      'tools.codeExecution',
      'tools.googleSearch',
    ]);
  });

  it('that stand for what lies with Google are refused', () => {
    for (const field of ['cachedContent', 'continuationToken'])
      expect(() => optionsOf({ ...hello, [field]: 'x' })).toThrow(expect.objectContaining({ code: 'unsupported_parameter', param: field }));
  });

  it('of thinking become what each provider understands', () => {
    expect(optionsOf({ ...hello, generationConfig: { thinkingConfig: { thinkingLevel: 'xhigh' } } }).options.reasoning).toBe('xhigh');
    expect(optionsOf({ ...hello, generationConfig: { thinkingConfig: { thinkingBudget: 0 } } }).options.reasoning).toBe('none');
    expect(optionsOf({ ...hello, generationConfig: { thinkingConfig: { thinkingBudget: -1 } } }).options.reasoning).toBeUndefined();
    expect(optionsOf({ ...hello, generationConfig: { thinkingConfig: { thinkingBudget: 2048 } } })).toMatchObject({
      options: { providerOptions: { anthropic: { thinking: { type: 'enabled', budgetTokens: 2048 } } } },
      optional: [{ keys: ['anthropic', 'amazonBedrock'] }],
    });
  });
});

describe('a schema', () => {
  it('keeps its meaning and the order of its properties', () => {
    expect(
      jsonSchemaOf({
        type: 'OBJECT',
        required: ['b'],
        properties: {
          a: { type: 'ARRAY', items: { type: 'STRING', enum: ['x'], format: 'enum', nullable: true }, minItems: '1' },
          b: { anyOf: [{ type: 'NUMBER' }, { type: 'BOOLEAN' }], nullable: true },
          type: { type: 'STRING', description: 'a property called type' },
        },
        propertyOrdering: ['b', 'type'],
      }),
    ).toEqual({
      type: 'object',
      required: ['b'],
      properties: {
        b: { anyOf: [{ type: 'number' }, { type: 'boolean' }, { type: 'null' }] },
        type: { type: 'string', description: 'a property called type' },
        a: { type: 'array', items: { type: ['string', 'null'], enum: ['x', null] }, minItems: 1 },
      },
    });
  });
});

describe('a signature', () => {
  it.each([
    ["Google's own", { google: { thoughtSignature: 'AbC+/w==' } }, { google: { thoughtSignature: 'AbC+/w==' } }],
    ["Anthropic's", { anthropic: { signature: 'sig' } }, { anthropic: { signature: 'sig' }, amazonBedrock: { signature: 'sig' } }],
    [
      "OpenAI's",
      { openai: { itemId: 'rs_1', reasoningEncryptedContent: 'gAA=' } },
      { openai: { itemId: 'rs_1', reasoningEncryptedContent: 'gAA=' } },
    ],
    ['with nothing to say', { openai: { reasoningEncryptedContent: null } }, undefined],
  ])('%s comes back as it went', (_whose, metadata, options) => {
    const signature = signatureOf(metadata);
    expect(readSignature(signature)).toEqual(options);
    // Google's clients take the field for standard base64.
    if (signature !== undefined) expect(Buffer.from(signature, 'base64').toString('base64')).toBe(signature);
    const urlSafe = signature?.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
    if (!('google' in metadata)) expect(readSignature(urlSafe)).toEqual(options);
  });
});

describe('a stream of parts', () => {
  const parts: LanguageModelV4StreamPart[] = [
    { type: 'stream-start', warnings: [] },
    { type: 'reasoning-start', id: '0' },
    { type: 'reasoning-delta', id: '0', delta: 'Let me ' },
    { type: 'reasoning-delta', id: '0', delta: 'think.' },
    { type: 'reasoning-delta', id: '0', delta: '', providerMetadata: { anthropic: { signature: 'sig' } } },
    { type: 'reasoning-end', id: '0' },
    { type: 'text-start', id: '1' },
    { type: 'text-delta', id: '1', delta: 'Hi ' },
    { type: 'text-delta', id: '1', delta: 'there' },
    { type: 'text-end', id: '1' },
    { type: 'tool-input-start', id: 'toolu_1', toolName: 'sky' },
    { type: 'tool-input-delta', id: 'toolu_1', delta: '{"city":' },
    { type: 'tool-input-delta', id: 'toolu_1', delta: '"Ulm"}' },
    { type: 'tool-input-end', id: 'toolu_1' },
    { type: 'tool-call', toolCallId: 'toolu_1', toolName: 'sky', input: '{"city":"Ulm"}' },
    { type: 'source', sourceType: 'url', id: 's', url: 'https://example.com', title: 'Example' },
    { type: 'finish', finishReason: { unified: 'tool-calls', raw: 'tool_use' }, usage },
  ];

  it('reads as any Gemini stream, and survives being sent back chunk by chunk', () => {
    const request = call(hello, 'streamGenerateContent');
    const state = translation.startParts(request, head);
    const frames = parts.flatMap((part) => translation.partFrames(state, part));
    const read = gemini.startStream(request);
    const readings = frames.map((frame) => gemini.readFrame(read, frame));
    expect(gemini.isComplete(read)).toBe(true);
    expect(read).toMatchObject({ finishReason: 'tool_calls', toolNames: ['sky'], id: 'abc' });
    expect(read.usage).toMatchObject({ inputTokens: 10, cachedInputTokens: 3, outputTokens: 8, reasoningTokens: 5 });
    expect(readings.filter(({ finalUsage }) => finalUsage)).toHaveLength(1);

    const turns = frames.map((frame) => JSON.parse(frame.data ?? '').candidates[0].content);
    const { options } = optionsOf({
      contents: [
        ...hello.contents,
        ...turns,
        { role: 'user', parts: [{ functionResponse: { id: 'toolu_1', name: 'sky', response: {} } }] },
      ],
    });
    expect(options.prompt.slice(1)).toEqual([
      {
        role: 'assistant',
        content: [
          {
            type: 'reasoning',
            text: 'Let me think.',
            providerOptions: { anthropic: { signature: 'sig' }, amazonBedrock: { signature: 'sig' } },
          },
          { type: 'text', text: 'Hi there' },
          { type: 'tool-call', toolCallId: 'toolu_1', toolName: 'sky', input: { city: 'Ulm' } },
        ],
      },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'toolu_1', toolName: 'sky', output: { type: 'json', value: {} } }] },
    ]);
  });

  it('says the same as the whole answer', () => {
    const body = translation.fromResult(
      call(hello),
      {
        content: [
          { type: 'reasoning', text: 'Let me think.', providerMetadata: { anthropic: { signature: 'sig' } } },
          { type: 'text', text: 'Hi there' },
          { type: 'tool-call', toolCallId: 'toolu_1', toolName: 'sky', input: '{"city":"Ulm"}' },
        ],
        finishReason: { unified: 'length', raw: 'max_tokens' },
        usage,
        warnings: [],
      },
      head,
    );
    expect(body).toEqual({
      candidates: [
        {
          content: {
            role: 'model',
            parts: [
              { text: 'Let me think.', thought: true, thoughtSignature: signatureOf({ anthropic: { signature: 'sig' } }) },
              { text: 'Hi there' },
              { functionCall: { id: 'toolu_1', name: 'sky', args: { city: 'Ulm' } } },
            ],
          },
          finishReason: 'MAX_TOKENS',
          index: 0,
        },
      ],
      usageMetadata: {
        promptTokenCount: 10,
        candidatesTokenCount: 3,
        thoughtsTokenCount: 5,
        cachedContentTokenCount: 3,
        totalTokenCount: 18,
      },
      modelVersion: 'anthropic/claude',
      responseId: 'abc',
    });
  });
});
