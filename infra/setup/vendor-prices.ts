import type { PriceFields } from '../../shared/pricing/price-fields.ts';
import type { PriceTableRow } from '../../shared/pricing/price-table.ts';
import { openAiPrices } from './openai-prices.ts';

/** Anthropic's price of a web search, which the library lists with every model that has it. */
const search = { per_search: 0.01 };

/** Models of Anthropic that the library does not know yet, in USD per million tokens. */
interface Claude {
  /** Names of models that cost the same, without a date. */
  readonly names: readonly string[];
  readonly price: PriceFields;
  readonly context?: PriceTableRow['context'];
}

/**
 * https://platform.claude.com/docs/en/about-claude/pricing, as of November 2026. Haiku 5.5 costs more for the whole call once
 * its prompt, what is cached included, passes 100,000 tokens (#long-context-pricing).
 */
const claudes: readonly Claude[] = [
  {
    names: ['claude-fable-5-2', 'claude-mythos-5-2'],
    price: { input: 8, cached_input: 0.2, cache_write: 10, cache_write_1h: 16, output: 40 },
  },
  { names: ['claude-mythos-5-1'], price: { input: 10, cached_input: 0.25, cache_write: 12.5, cache_write_1h: 20, output: 50 } },
  { names: ['claude-mythos-5'], price: { input: 10, cached_input: 1, cache_write: 12.5, cache_write_1h: 20, output: 50 } },
  { names: ['claude-sonnet-5-5'], price: { input: 2, cached_input: 0.1, cache_write: 2.5, cache_write_1h: 4, output: 10 } },
  {
    names: ['claude-haiku-5-5'],
    price: { input: 0.1, cached_input: 0.01, cache_write: 0.125, cache_write_1h: 0.2, output: 0.5 },
    context: [{ above: 100_000, input: 0.5, cached_input: 0.05, cache_write: 0.625, cache_write_1h: 1, output: 2.5 }],
  },
];

/** The same price, times a whole number of hundredths: exact, where a product of fractions is not. */
function times(price: PriceFields, percent: number): PriceFields {
  const dearer = (usd = 0): number => Math.round(usd * 1e6 * percent) / 1e8;
  return Object.fromEntries(Object.entries(price).map(([field, usd]) => [field, dearer(usd)]));
}

function rowsOf({ names, price, context }: Claude): PriceTableRow[] {
  return names.map((name) => ({
    id: name,
    names: [name],
    match: [`/^${name}-\\d{8}$/`],
    context_length: 1_000_000,
    ...price,
    ...search,
    ...(context && { context }),
  }));
}

/**
 * At Amazon a global profile costs what Anthropic asks; one of a region, and the bare name, a tenth more
 * (https://platform.claude.com/docs/en/about-claude/pricing#third-party-platform-pricing). Web search is not offered there.
 */
function amazonRowsOf({ names, price, context }: Claude): PriceTableRow[] {
  return names.flatMap((name) => [
    {
      id: `global.anthropic.${name}`,
      match: [`/(^|[^a-z])global\\.anthropic\\.${name}(-v\\d|:|$)/`],
      context_length: 1_000_000,
      ...price,
      ...(context && { context }),
    },
    {
      id: `regional.anthropic.${name}`,
      match: [`/(^|[^a-z])(anthropic\\.)?${name}(-v\\d|:|$)/`],
      context_length: 1_000_000,
      ...times(price, 110),
      ...(context && { context: context.map(({ above, ...dearer }) => ({ above, ...times(dearer, 110) })) }),
    },
  ]);
}

/** The first moment of December 2026, when the introductory prices of Gemini 4 Argon and Carbon are over. */
const decemberMs = Date.UTC(2026, 11, 1);

const introductory = { input: 2, cached_input: 0.1, output: 10, later: [{ from_ms: decemberMs, input: 4, cached_input: 0.2, output: 20 }] };

/**
 * https://ai.google.dev/gemini-api/docs/pricing and, for the prices of Argon and their end,
 * https://ai.google.dev/gemini-api/docs/generate-content/latest-model, as of November 2026: one price over the whole context,
 * thoughts at the price of output, the cache implicit alone and read at a twentieth of the input.
 */
const geminis: readonly PriceTableRow[] = [
  { id: 'gemini-4-argon', names: ['gemini-4-argon'], context_length: 1_048_576, ...introductory },
  { id: 'gemini-4-carbon', names: ['gemini-4-carbon'], context_length: 1_048_576, ...introductory },
  { id: 'gemini-4-hydrogen', names: ['gemini-4-hydrogen'], context_length: 1_048_576, input: 1.5, cached_input: 0.075, output: 7.5 },
  { id: 'gemini-4-neon', names: ['gemini-4-neon'], context_length: 1_048_576, input: 3, cached_input: 0.15, output: 15 },
];

/**
 * Rows of the price table that the library does not have, by its provider. They stand before its own, whose wider patterns
 * would give a new model the price of an older one. A row that the library has caught up with is an error: take it out.
 */
export const vendorPrices: Readonly<Record<string, readonly PriceTableRow[]>> = {
  anthropic: claudes.flatMap(rowsOf),
  aws: claudes.flatMap(amazonRowsOf),
  google: geminis,
  openai: openAiPrices,
};
