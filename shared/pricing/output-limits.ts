import { patternMatcher } from './model-pattern.ts';

/**
 * The most output tokens of one answer, as the vendors' model pages state it; the price library does
 * not carry it. The first pattern that matches counts, resellers' names included.
 *
 * - https://platform.openai.com/docs/models
 * - https://platform.claude.com/docs/en/about-claude/models/overview
 * - https://ai.google.dev/gemini-api/docs/models
 */
const outputLimits: readonly (readonly [pattern: string, tokens: number])[] = [
  ['*gpt-3.5-turbo*', 4_096],
  ['*gpt-4o*', 16_384],
  ['*gpt-4.1*', 32_768],
  ['*gpt-4-turbo*', 4_096],
  ['*gpt-5-pro*', 272_000],
  ['*gpt-5*', 128_000],
  ['*gpt-6*', 128_000],
  ['*o1-mini*', 65_536],
  ['o1*', 100_000],
  ['o3*', 100_000],
  ['o4-mini*', 100_000],
  ['*claude-3-haiku*', 4_096],
  ['*claude-3-opus*', 4_096],
  ['*claude-3-5-*', 8_192],
  ['*claude-opus-4-1*', 32_000],
  ['*claude-opus-4-2025*', 32_000],
  ['*claude-sonnet-4-2025*', 64_000],
  ['*claude-opus-4-5*', 64_000],
  ['*claude-sonnet-4-5*', 64_000],
  ['*claude-haiku-4-5*', 64_000],
  ['*claude-*', 128_000],
  ['*gemini-1.5*', 8_192],
  ['*gemini-2.0*', 8_192],
  ['*gemini-2.5*', 65_536],
  ['*gemini-3*', 65_536],
  // Of one request; what goes on beyond it is asked for by another (`continuationToken`).
  ['*gemini-4*', 65_536],
];

let matchers: readonly { readonly matches: (name: string) => boolean; readonly tokens: number }[] | undefined;

/** The documented output limit of a model; undefined where none is known. */
export function outputLimitOf(model: string): number | undefined {
  matchers ??= outputLimits.map(([pattern, tokens]) => ({ matches: patternMatcher(pattern), tokens }));
  const name = model.toLowerCase();
  return matchers.find(({ matches }) => matches(name))?.tokens;
}
