import { describe, expect, it } from 'vitest';
import { mayCallModel, mayPassThrough } from '../../shared/control/model-access.ts';
import { modelPatternsSchema } from '../../shared/control/record-fields.ts';
import { groupRecord, keyRecord } from '../support/control-records.ts';

const keyWith = (models: string[] | undefined) => ({ key: keyRecord({ models }) });

describe('patterns with ! before them', () => {
  it.each([
    [['!openai/o3-pro*'], ['openai/gpt-5.2'], true],
    [['!openai/o3-pro*'], ['openai/o3-pro'], false],
    [['openai/*', '!openai/o3-pro*'], ['openai/gpt-5.2'], true],
    [['openai/*', '!openai/o3-pro*'], ['openai/o3-pro-2025-06-10'], false],
    [['openai/*', '!openai/o3-pro*'], ['groq/llama'], false],
    [['!openai/o3-pro*', 'openai/*'], ['openai/o3-pro'], false],
    // A route is as forbidden as what it leads to, target by target, and by its own name.
    [['smart', '!openai/o3-pro'], ['smart', 'openai/o3-pro'], false],
    [['smart', '!openai/o3-pro'], ['smart', 'openai/gpt-5.2'], true],
    [['!smart'], ['smart', 'openai/gpt-5.2'], false],
    // Some providers take any case, and nobody may get round what is forbidden by shouting.
    [['!openai/o3-pro'], ['openai/O3-Pro'], false],
    [['!*'], ['openai/gpt-5.2'], false],
  ])('%j say of %j: %s', (models, names, may) => {
    expect(mayCallModel(keyWith(models), names)).toBe(may);
  });

  it('of a group hold for a key that allows what they forbid', () => {
    const principal = { ...keyWith(['openai/*']), team: groupRecord({ models: ['!openai/o3-pro'] }) };
    expect(mayCallModel(principal, ['openai/o3-pro'])).toBe(false);
    expect(mayCallModel(principal, ['openai/gpt-5.2'])).toBe(true);
  });

  it('are patterns only where something follows', () => {
    expect(modelPatternsSchema.safeParse(['!']).success).toBe(false);
    expect(modelPatternsSchema.safeParse(['!a']).success).toBe(true);
  });
});

describe('what passes through to a provider', () => {
  it.each([
    [undefined, true],
    [['openai/*'], true],
    [['openai/gpt-5*'], false],
    // It names no model, so it could be any of the provider's.
    [['!openai/o3-pro'], false],
    [['openai/*', '!*o3*'], false],
    [['!OpenAI/o3'], false],
    [['!open*'], false],
    [['!anthropic/*'], true],
    [['!openai-eu/o3'], true],
    [['!smart'], true],
  ])('with %j: %s', (models, may) => {
    expect(mayPassThrough(keyWith(models), 'openai')).toBe(may);
  });
});
