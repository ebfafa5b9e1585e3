import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cacheKey, type Question, requestDigest } from '../../shared/cache/cache-key.ts';
import { canonicalJson } from '../../shared/cache/canonical-json.ts';
import { transportFields } from '../../shared/cache/transport-fields.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../shared/calls/json.ts';
import { mutations, shuffled } from './mutations.ts';

const tenant = { key: 'key_1', team: 'red', organization: 'acme' };
const targets = [
  { name: 'openai/gpt-5.2', overrides: {} },
  { name: 'azure/gpt', overrides: { seed: 1 } },
];

function questionOf(body: JsonObject, more: Partial<Question> = {}): Question {
  return {
    call: { dialect: 'chat-completions', body, forwardedHeaders: {} },
    targets,
    tenant,
    scope: 'team',
    namespace: undefined,
    callerKey: undefined,
    ...more,
  };
}
const keyOf = (body: JsonObject, more?: Partial<Question>) => cacheKey(questionOf(body, more));

/** A request that uses every kind of field there is. */
const full: JsonObject = {
  messages: [
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      name: 'ada',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image_url', image_url: { url: 'https://a.example/b.png', detail: 'low' } },
      ],
    },
    { role: 'assistant', content: null, tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{"x":1}' } }] },
    { role: 'tool', tool_call_id: 'c1', content: 'a cat' },
  ],
  max_completion_tokens: 100,
  max_tokens: 90,
  n: 1,
  temperature: 0,
  top_p: 1,
  stop: ['\n'],
  seed: 7,
  presence_penalty: 0.1,
  frequency_penalty: 0.2,
  logit_bias: { '50256': -100 },
  logprobs: true,
  top_logprobs: 2,
  tools: [{ type: 'function', function: { name: 'look', description: 'Looks', parameters: { type: 'object', properties: {} } } }],
  tool_choice: { type: 'function', function: { name: 'look' } },
  parallel_tool_calls: false,
  response_format: { type: 'json_schema', json_schema: { name: 's', schema: { type: 'object' } } },
  reasoning_effort: 'low',
  verbosity: 'low',
  modalities: ['text'],
  web_search_options: { search_context_size: 'low' },
  vendor_extension: { top_k: 4 },
};

describe('the cache key', () => {
  it('differs for every change of every place of a request', () => {
    const key = keyOf(full);
    const changed = mutations(full).filter(isJsonObject);
    expect(changed.length).toBeGreaterThan(150);
    const keys = changed.map((body) => keyOf(body));
    expect(keys.filter((other) => other === key)).toEqual([]);
    expect(new Set(keys).size).toBe(new Set(changed.map((body) => canonicalJson(body))).size);
  });

  it('does not mind the order of members nor the fields of transport', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), fc.jsonValue(), (randoms, noise) => {
        const value: JsonValue = JSON.parse(JSON.stringify(noise));
        const dressed = { ...full, ...Object.fromEntries(transportFields['chat-completions'].map((name) => [name, value])) };
        const body = shuffled(dressed, () => randoms.next().value);
        expect(isJsonObject(body) && keyOf(body)).toBe(keyOf(full));
      }),
      { numRuns: 50 },
    );
  });

  it('differs by dialect, targets, overrides, namespace, forwarded headers and the caller’s own key', () => {
    const call = questionOf(full).call;
    const keys = [
      keyOf(full),
      keyOf(full, { call: { ...call, dialect: 'responses' } }),
      keyOf(full, { call: { ...call, forwardedHeaders: { 'anthropic-beta': 'x' } } }),
      keyOf(full, { call: { ...call, strict: true } }),
      keyOf(full, { call: { ...call, forwardedQuery: { beta: 'true' } } }),
      keyOf(full, { targets: targets.slice(0, 1) }),
      keyOf(full, { targets: targets.map((target) => ({ ...target, overrides: {} })) }),
      keyOf(full, { namespace: 'a' }),
      keyOf(full, { namespace: 'b' }),
      keyOf(full, { callerKey: 'a' }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(keyOf(full, { targets: targets.toReversed() })).toBe(keys[0]);
    expect(keyOf({ ...full, seed: 8 }, { callerKey: 'a' })).toBe(keys.at(-1));
  });

  it('keeps tenants apart as far as the scope says', () => {
    const of = (scope: Question['scope'], who: Partial<Question['tenant']>, callerKey?: string) =>
      keyOf(full, { scope, tenant: { ...tenant, ...who }, callerKey });
    expect(of('key', {})).not.toBe(of('key', { key: 'key_2' }));
    expect(of('team', {})).toBe(of('team', { key: 'key_2' }));
    expect(of('team', {})).not.toBe(of('team', { team: 'blue' }));
    expect(of('team', { team: undefined })).toBe(of('key', {}));
    expect(of('organization', {})).toBe(of('organization', { key: 'key_2', team: 'blue' }));
    expect(of('organization', {})).not.toBe(of('organization', { organization: 'other' }));
    expect(of('organization', { organization: undefined })).toBe(of('team', {}));
    expect(of('gateway', {})).toBe(of('gateway', { key: 'key_2', team: undefined, organization: undefined }));
    // A name that a caller chose is never shared past the team.
    expect(of('gateway', {}, 'faq')).not.toBe(of('gateway', { team: 'blue' }, 'faq'));
    expect(of('gateway', {}, 'faq')).toBe(of('team', { key: 'key_2' }, 'faq'));
    // A team cannot be named so that it is taken for a key.
    expect(of('team', { team: 'key:key_1' })).not.toBe(of('key', {}));
  });
});

describe('canonical JSON', () => {
  it('is what RFC 8785 shows', () => {
    // Sections 3.2.2 and 3.2.3.
    const numbers: JsonValue = JSON.parse(
      '{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/","literals":[null,true,false]}',
    );
    expect(canonicalJson(numbers)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    );
    const names = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };
    const order = [...canonicalJson(names).matchAll(/:(\d)/g)].map(([, value]) => value);
    expect(order).toEqual(['2', '4', '6', '7', '1', '5', '3']);
  });

  it.each<[string, string, string | undefined]>([
    ['whole numbers however they are written', '[1, 1.0, 1e0, 10e-1, 0.1e1]', '[1,1,1,1,1]'],
    [
      'numbers at the edge of exponents',
      '[1e21, 1e20, 1e-6, 1e-7, 5e-324, 1.7976931348623157e308]',
      '[1e+21,100000000000000000000,0.000001,1e-7,5e-324,1.7976931348623157e+308]',
    ],
    ['zero without its sign', '[-0, 0, -0.0]', '[0,0,0]'],
    ['whatever a double rounds to', '[9007199254740993, 333333333.33333329]', '[9007199254740992,333333333.3333333]'],
    ['escapes that need none', '"\\u0041\\/\\u00e9\\ud83d\\ude00"', '"A/é😀"'],
    [
      'control characters in short form where there is one',
      '"\\u0008\\u0009\\u000a\\u000c\\u000d\\u001f\\u007f"',
      '"\\b\\t\\n\\f\\r\\u001f\x7f"',
    ],
    ['a lone surrogate as its escape', '["\\ud800", "\\udc00x", "\\\\ud800"]', '["\\ud800","\\udc00x","\\\\ud800"]'],
    ['no composition of characters', '["\u00e9", "e\u0301"]', undefined],
    ['a member by any name', '{"__proto__": 1, "constructor": 2, "": 3}', '{"":3,"__proto__":1,"constructor":2}'],
    ['of members that come twice the last', '{"a": 1, "a": 2}', '{"a":2}'],
  ])('writes %s', (_what, text, expected) => {
    const value: JsonValue = JSON.parse(text);
    expect(canonicalJson(value)).toBe(expected ?? JSON.stringify(value));
  });

  it('is JSON of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain: JsonValue = JSON.parse(JSON.stringify(value));
        expect(JSON.parse(canonicalJson(plain))).toEqual(plain);
      }),
    );
  });
});

describe('the digest of a request', () => {
  const call = { dialect: 'chat-completions', model: 'm', stream: false, body: full } as const;

  it('minds everything but the order of members', () => {
    const digest = requestDigest(call, JSON.stringify(full));
    expect(requestDigest(call, JSON.stringify(Object.fromEntries(Object.entries(full).toReversed())))).toBe(digest);
    expect(requestDigest(call, JSON.stringify({ ...full, user: 'u' }))).not.toBe(digest);
    expect(requestDigest({ ...call, stream: true }, JSON.stringify(full))).not.toBe(digest);
  });

  it('knows a form by its parts and not by its boundary', () => {
    const part = (value: string) => ({ name: 'file', filename: 'a.wav', mediaType: undefined, head: '', value: Buffer.from(value) });
    const digest = requestDigest({ ...call, form: { boundary: 'x', parts: [part('sound')] } }, undefined);
    expect(requestDigest({ ...call, form: { boundary: 'y', parts: [part('sound')] } }, undefined)).toBe(digest);
    expect(requestDigest({ ...call, form: { boundary: 'x', parts: [part('noise')] } }, undefined)).not.toBe(digest);
  });
});
