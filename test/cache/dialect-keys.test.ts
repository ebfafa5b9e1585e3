import { describe, expect, it } from 'vitest';
import { cacheKey } from '../../shared/cache/cache-key.ts';
import { transportFields } from '../../shared/cache/transport-fields.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../shared/calls/json.ts';
import type { MultipartForm } from '../../shared/calls/multipart-form.ts';
import { chatCompletions } from '../../shared/dialects/chat-completions.ts';
import { completions } from '../../shared/dialects/completions.ts';
import type { Dialect, DialectRequest } from '../../shared/dialects/dialect.ts';
import { embeddings } from '../../shared/dialects/embeddings.ts';
import { gemini } from '../../shared/dialects/gemini.ts';
import { images } from '../../shared/dialects/images.ts';
import { messages } from '../../shared/dialects/messages.ts';
import { moderations } from '../../shared/dialects/moderations.ts';
import { rerank } from '../../shared/dialects/rerank.ts';
import { responses } from '../../shared/dialects/responses.ts';
import { transcriptions } from '../../shared/dialects/transcriptions.ts';
import { mutations, shuffled } from './mutations.ts';

interface Case {
  readonly dialect: Dialect;
  /** A request that says as much as the dialect can. */
  readonly body: JsonObject;
  /** Values for the transport fields, each a few that the dialect takes. */
  readonly transport: Readonly<Record<string, readonly JsonValue[]>>;
  /** Mutations that have to be looked at, at least: what the dialect refuses is never asked of the cache. */
  readonly least: number;
}

const named = { model: ['m', 'other/model'] };
const openAi = {
  ...named,
  user: ['ada', 'bob'],
  metadata: [{ a: 'b' }, { c: 'd' }],
  safety_identifier: ['s', 't'],
  service_tier: ['auto', 'default'],
  prompt_cache_key: ['p', 'q'],
  prompt_cache_retention: ['24h'],
  stream: [true, false],
};
const schema = { type: 'object', properties: { x: { type: 'number', minimum: 1.5 } } };

const cases: readonly Case[] = [
  {
    dialect: chatCompletions,
    body: {
      model: 'm',
      messages: [
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          name: 'ada',
          content: [
            { type: 'text', text: 'What?' },
            { type: 'image_url', image_url: { url: 'https://a.example/b.png', detail: 'low' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{"x":1}' } }],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'a cat' },
      ],
      max_completion_tokens: 100,
      n: 2,
      temperature: 0,
      top_p: 0.5,
      stop: ['\n'],
      seed: 7,
      presence_penalty: 0.1,
      frequency_penalty: 0.2,
      logit_bias: { '50256': -100 },
      logprobs: true,
      top_logprobs: 2,
      tools: [{ type: 'function', function: { name: 'look', description: 'Looks', parameters: schema, strict: true } }],
      tool_choice: { type: 'function', function: { name: 'look' } },
      parallel_tool_calls: false,
      response_format: { type: 'json_schema', json_schema: { name: 's', schema } },
      reasoning_effort: 'low',
      verbosity: 'low',
      prediction: { type: 'content', content: 'x' },
      top_k: 4,
    },
    transport: { ...openAi, stream_options: [{ include_usage: true }, { include_usage: false }], store: [true, false] },
    least: 120,
  },
  {
    dialect: responses,
    body: {
      model: 'm',
      instructions: 'Be brief.',
      input: [
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'What?' },
            { type: 'input_image', image_url: 'https://a.example/b.png', detail: 'low' },
          ],
        },
        { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{"x":1}' },
        { type: 'function_call_output', call_id: 'c1', output: 'a cat' },
      ],
      previous_response_id: 'resp_1',
      tools: [{ type: 'function', name: 'look', description: 'Looks', parameters: schema, strict: false }],
      tool_choice: 'required',
      parallel_tool_calls: true,
      max_output_tokens: 100,
      temperature: 0,
      top_p: 0.5,
      reasoning: { effort: 'low', summary: 'auto' },
      text: { format: { type: 'json_schema', name: 's', schema }, verbosity: 'low' },
      truncation: 'auto',
      include: ['reasoning.encrypted_content'],
      store: false,
      top_logprobs: 2,
    },
    transport: { ...openAi, stream_options: [{ include_obfuscation: false }] },
    least: 80,
  },
  {
    dialect: messages,
    body: {
      model: 'm',
      max_tokens: 2_000,
      system: [{ type: 'text', text: 'Be brief.' }],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'What?' },
            { type: 'image', source: { type: 'url', url: 'https://a.example/b.png' } },
          ],
        },
        { role: 'assistant', content: [{ type: 'tool_use', id: 't1', name: 'look', input: { x: 1 } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't1', content: 'a cat', is_error: false }] },
      ],
      tools: [{ name: 'look', description: 'Looks', input_schema: schema }],
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
      thinking: { type: 'enabled', budget_tokens: 1_024 },
      temperature: 0,
      top_k: 5,
      top_p: 0.5,
      stop_sequences: ['END'],
    },
    transport: {
      ...named,
      stream: [true, false],
      metadata: [{ user_id: 'ada' }, { user_id: 'bob' }],
      service_tier: ['auto', 'standard_only'],
    },
    least: 60,
  },
  {
    dialect: completions,
    body: {
      model: 'm',
      prompt: 'Once',
      suffix: 'end',
      max_tokens: 10,
      n: 2,
      best_of: 2,
      echo: true,
      logprobs: 2,
      seed: 1,
      stop: ['.'],
      temperature: 0,
      top_p: 0.5,
      logit_bias: { '1': 2 },
    },
    transport: { ...named, user: ['ada', 'bob'], stream: [true, false], stream_options: [{ include_usage: true }] },
    least: 20,
  },
  {
    dialect: gemini,
    body: {
      systemInstruction: { parts: [{ text: 'Be brief.' }] },
      contents: [
        { role: 'user', parts: [{ text: 'What?' }, { inlineData: { mimeType: 'image/png', data: 'aGk=' } }] },
        { role: 'model', parts: [{ functionCall: { name: 'look', args: { x: 1 } } }] },
        { role: 'user', parts: [{ functionResponse: { name: 'look', response: { a: 'cat' } } }] },
      ],
      tools: [{ functionDeclarations: [{ name: 'look', description: 'Looks', parameters: schema }] }],
      toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['look'] } },
      safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
      generationConfig: {
        temperature: 0,
        topP: 0.5,
        topK: 3,
        maxOutputTokens: 100,
        stopSequences: ['END'],
        seed: 1,
        responseMimeType: 'application/json',
        thinkingConfig: { thinkingBudget: 10 },
      },
      cachedContent: 'cachedContents/1',
    },
    transport: { labels: [{ a: 'b' }, { c: 'd' }] },
    least: 60,
  },
  {
    dialect: embeddings,
    body: { model: 'm', input: ['a', 'b'], dimensions: 64, encoding_format: 'float', input_type: 'query' },
    transport: { ...named, user: ['ada', 'bob'] },
    least: 8,
  },
  {
    dialect: rerank,
    body: { model: 'm', query: 'q', documents: ['a', 'b'], top_n: 1, return_documents: true },
    transport: { ...named, user: ['ada', 'bob'] },
    least: 8,
  },
  {
    dialect: images,
    body: {
      model: 'm',
      prompt: 'a cat',
      n: 1,
      size: '1024x1024',
      quality: 'low',
      background: 'opaque',
      output_format: 'png',
      response_format: 'b64_json',
      seed: 3,
    },
    transport: { ...named, user: ['ada', 'bob'] },
    least: 10,
  },
  { dialect: moderations, body: { model: 'm', input: ['a', { type: 'text', text: 'b' }] }, transport: named, least: 4 },
];

function keyOf(dialect: Dialect, body: JsonObject, more: Partial<DialectRequest> = {}): string {
  const call = dialect.parse({
    body,
    bodyBytes: JSON.stringify(body).length,
    headers: {},
    query: {},
    path: { model: 'm', action: 'generateContent' },
    ...more,
  });
  const targets = [{ name: 'up/m', overrides: {} }];
  return cacheKey({
    call,
    targets,
    tenant: { key: 'k', team: 't', organization: 'o' },
    scope: 'team',
    namespace: undefined,
    callerKey: undefined,
  });
}

/** The key, or undefined for what the dialect refuses. */
function keyIfTaken(dialect: Dialect, body: JsonObject): string | undefined {
  try {
    return keyOf(dialect, body);
  } catch {
    return undefined;
  }
}

describe.each(cases)('the cache key of $dialect.name', ({ dialect, body, transport, least }) => {
  it('differs for every change of what bears on the answer', () => {
    const key = keyOf(dialect, body);
    const bearing: JsonObject = { ...body };
    for (const field of transportFields[dialect.name]) delete bearing[field];
    const keys = mutations(bearing)
      .filter(isJsonObject)
      .map((changed) => keyIfTaken(dialect, { ...('model' in body && { model: 'm' }), ...changed }))
      .filter((other) => other !== undefined);
    expect(keys.length).toBeGreaterThanOrEqual(least);
    expect(keys.filter((other) => other === key)).toEqual([]);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('is the same however it travels, whoever asks, and in any order', () => {
    const key = keyOf(dialect, body);
    expect(transportFields[dialect.name].filter((field) => !(field in transport) && !(field === 'model' && dialect === gemini))).toEqual(
      [],
    );
    for (const [field, values] of Object.entries(transport)) {
      for (const value of values) expect(keyOf(dialect, { ...body, [field]: value }), field).toBe(key);
    }
    let seed = 1;
    const random = (): number => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    for (let round = 0; round < 20; round += 1) {
      const other = shuffled(body, random);
      expect(isJsonObject(other) && keyOf(dialect, other)).toBe(key);
    }
  });
});

describe('the cache key of transcriptions', () => {
  const part = (name: string, text: string, filename?: string, mediaType?: string) => ({
    name,
    filename,
    mediaType,
    head: '',
    value: Buffer.from(text),
  });
  const parts = [
    part('model', 'm'),
    part('language', 'en'),
    part('prompt', 'p'),
    part('response_format', 'json'),
    part('file', 'sound', 'a.wav', 'audio/wav'),
  ];
  const formKey = (changed: MultipartForm['parts'], boundary = 'x') => {
    const body = Object.fromEntries(
      changed.filter(({ filename }) => filename === undefined).map(({ name, value }) => [name, value.toString()]),
    );
    return keyOf(transcriptions, body, { form: { boundary, parts: changed } });
  };

  it('differs for every part, and minds neither boundary nor transport', () => {
    const key = formKey(parts);
    const changed = [
      ...[1, 2, 3].map((at) => parts.with(at, { ...part('x', 'y'), name: parts[at]?.name ?? '' })),
      ...[1, 2, 3].map((at) => parts.toSpliced(at, 1)),
      parts.with(4, part('file', 'noise', 'a.wav', 'audio/wav')),
      parts.with(4, part('file', 'sound', 'a.mp3', 'audio/wav')),
      parts.with(4, part('file', 'sound', 'a.wav', 'audio/mpeg')),
      [...parts, part('temperature', '0.2')],
      [...parts, part('timestamp_granularities[]', 'word')],
    ].map((one) => formKey(one));
    expect(changed.filter((other) => other === key)).toEqual([]);
    expect(new Set(changed).size).toBe(changed.length);
    expect(formKey(parts, 'another boundary')).toBe(key);
    expect(formKey(parts.with(0, part('model', 'other/model')))).toBe(key);
    expect(formKey([...parts, part('stream', 'true')])).toBe(key);
  });
});
