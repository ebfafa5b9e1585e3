import { describe, expect, it } from 'vitest';
import { ConfiguredProvider } from '../../shared/providers/configured-provider.ts';
import { mayHideOutput } from '../../shared/providers/hidden-output.ts';

const context = { secrets: { read: async () => undefined }, environment: {} };
const provider = (id: string, settings: object = {}) => new ConfiguredProvider(id, settings, context);
const hides = (id: string, model: string, body: Record<string, never | object | string> = {}) =>
  mayHideOutput({ body: body as never }, provider(id), model);

describe('output that a stream never shows', () => {
  it('is what reasoning models of OpenAI bill for, and models of theirs that nobody knows', () => {
    expect(hides('openai', 'gpt-5.2')).toBe(true);
    expect(hides('openai', 'gpt-99-unheard-of')).toBe(true);
    expect(hides('openai', 'gpt-4.1')).toBe(false);
    expect(hides('xai', 'grok-4-fast-non-reasoning')).toBe(false);
  });

  it('is what Claude makes when it is asked to think, in whatever dialect', () => {
    expect(hides('anthropic', 'claude-opus-4-5')).toBe(false);
    expect(hides('anthropic', 'claude-opus-4-5', { thinking: { type: 'disabled' } })).toBe(false);
    expect(hides('anthropic', 'claude-opus-4-5', { thinking: { type: 'enabled', budget_tokens: 2000 } as never })).toBe(true);
    expect(hides('openrouter', 'anthropic/claude-opus-4.5', { reasoning_effort: 'high' })).toBe(true);
    expect(hides('openrouter', 'anthropic/claude-opus-4.5', { reasoning_effort: 'none' })).toBe(false);
  });

  it('is what Claude makes unasked from version 5 on, unless it can be told not to', () => {
    for (const model of [
      'claude-opus-5',
      'claude-sonnet-5',
      'claude-haiku-5-5',
      'us.anthropic.claude-sonnet-5-v1:0',
      'claude-opus-5-20260724',
    ]) {
      expect(hides('anthropic', model)).toBe(true);
      expect(hides('anthropic', model, { thinking: { type: 'disabled' } })).toBe(false);
      expect(hides('openrouter', model, { reasoning_effort: 'none' })).toBe(false);
    }
    for (const model of ['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-fable-5-2', 'claude-fable-5', 'claude-mythos-preview'])
      expect(hides('anthropic', model, { thinking: { type: 'disabled' } })).toBe(true);
    expect(hides('bedrock', 'us.anthropic.claude-opus-4-8')).toBe(false);
  });

  it('does not exist where reasoning is streamed as it is made', () => {
    expect(hides('deepseek', 'deepseek-reasoner')).toBe(false);
    const own = provider('mine', { type: 'openai-compatible', base_url: 'https://models.example.com/v1' });
    expect(mayHideOutput({ body: {} }, own, 'anything')).toBe(false);
  });
});
