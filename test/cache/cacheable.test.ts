import { describe, expect, it } from 'vitest';
import { isCacheable, isKeepable } from '../../shared/cache/cacheable.ts';
import type { DialectName } from '../../shared/calls/call.ts';
import type { JsonObject } from '../../shared/calls/json.ts';

describe('an answer without a word for its end', () => {
  it.each<[DialectName, JsonObject, boolean]>([
    ['embeddings', { data: [{ index: 0, embedding: [1] }] }, true],
    ['embeddings', { data: [] }, false],
    ['embeddings', { status: 'queued' }, false],
    ['rerank', { results: [{ index: 0, relevance_score: 1 }] }, true],
    ['rerank', {}, false],
    ['moderations', { results: [{ flagged: false }] }, true],
    ['transcriptions', { text: '' }, true],
    ['transcriptions', { id: 'job_1' }, false],
    ['images', { data: [{ b64_json: 'aGk=' }] }, true],
    ['images', { data: [{ url: 'data:image/png;base64,aGk=' }] }, true],
    ['images', { data: [{ b64_json: 'aGk=' }, { url: 'https://files.example/1.png' }] }, false],
  ])('of %s, %j, is kept: %s', (dialect, body, kept) => {
    expect(isKeepable(dialect, body, { finishReason: undefined })).toBe(kept);
  });
});

describe('a call', () => {
  const dialect = {};
  const isCached = (body: JsonObject, overrides: JsonObject = {}, nondeterministic = false) =>
    isCacheable({ dialect: 'embeddings', body, stream: false }, dialect, { nondeterministic }, [{ overrides: {} }, { overrides }]);

  it.each<[string, JsonObject, JsonObject, boolean]>([
    ['that says nothing of temperature', {}, {}, true],
    ['of temperature 0', { temperature: 0 }, {}, true],
    ['that leaves temperature to the model', { temperature: null }, {}, true],
    ['of temperature 0.2', { temperature: 0.2 }, {}, false],
    ['of temperature 0.2 in a form', { temperature: '0.2' }, {}, false],
    ['of temperature 0 in a form', { temperature: '0' }, {}, true],
    ["of temperature 0.2 in Gemini's place", { generationConfig: { temperature: 0.2 } }, {}, false],
    ['that one of its targets warms', { temperature: 0 }, { temperature: 1 }, false],
    ['in the background', { background: true }, {}, false],
    ['of a conversation', { conversation: 'conv_1' }, {}, false],
  ])('%s may be answered from the cache or not', (_what, body, overrides, cached) => {
    expect(isCached(body, overrides)).toBe(cached);
  });

  it('that asks for variety may be, where somebody opts in', () => {
    expect(isCached({ temperature: 1 }, {}, true)).toBe(true);
  });
});
