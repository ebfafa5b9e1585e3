import { describe, expect, it } from 'vitest';
import type { CallFacts } from '../../shared/routing/call-facts.ts';
import { unmet } from '../../shared/routing/conditions.ts';
import { conditionsSchema } from '../../shared/routing/conditions-schema.ts';

const facts: CallFacts = {
  // A Friday noon.
  nowMs: Date.UTC(2027, 0, 15, 12),
  tags: { tier: 'gold' },
  key: 'key_1',
  keyName: 'search service',
  team: 'research-eu',
  user: 'ada',
  organization: 'acme',
  session: undefined,
  dialect: 'messages',
  stream: true,
  body: { temperature: 0.2, tools: [], model_kind: 'x', generationConfig: { temperature: 1.5 } },
  content: { textBytes: 4_000, images: [{}], audio: [], files: [] },
};

describe('a condition', () => {
  it.each([
    ['tags', { tags: { tier: ['silver', 'gold'] } }, { tags: { tier: 'bronze' } }],
    ['tags', { tags: { tier: 'g*' } }, { tags: { tier: 'gold', region: 'eu' } }],
    ['key', { key: 'key_1' }, { key: 'key_2' }],
    ['key', { key: 'search *' }, { key: 'other *' }],
    ['team', { team: 'research-*' }, { team: 'sales' }],
    ['user', { user: ['ada', 'bob'] }, { user: 'bob' }],
    ['organization', { organization: 'acme' }, { organization: 'globex' }],
    ['dialect', { dialect: 'messages' }, { dialect: ['chat-completions', 'responses'] }],
    ['stream', { stream: true }, { stream: false }],
    ['parameters', { parameters: { temperature: { max: 0.3 } } }, { parameters: { temperature: { min: 0.3 } } }],
    ['parameters', { parameters: { tools: { present: true } } }, { parameters: { top_p: { present: true } } }],
    ['parameters', { parameters: { model_kind: 'x' } }, { parameters: { model_kind: 'y' } }],
    [
      'parameters',
      { parameters: { 'generationConfig.temperature': { min: 1 } } },
      { parameters: { 'generationConfig.topK': { present: true } } },
    ],
    ['input_tokens', { input_tokens: { min: 1_000, max: 1_000 } }, { input_tokens: { min: 1_001 } }],
    ['modality', { modality: 'image' }, { modality: ['audio', 'file', 'text'] }],
    ['time', { time: { from: '11:00', to: '13:00', days: ['fri'] } }, { time: { from: '13:00' } }],
  ] as const)('on %s holds and does not: %j, %j', (what, holds, fails) => {
    expect(unmet(conditionsSchema.parse(holds), facts)).toBeUndefined();
    expect(unmet(conditionsSchema.parse(fails), facts)).toBe(`its condition on ${what} does not hold`);
  });

  it('is met only where all that is named is', () => {
    const both = conditionsSchema.parse({ team: 'research-*', stream: false });
    expect(unmet(both, facts)).toBe('its condition on stream does not hold');
  });

  it('on what the call does not have is not met', () => {
    expect(unmet(conditionsSchema.parse({ team: '*' }), { ...facts, team: undefined })).toBeDefined();
  });
});
