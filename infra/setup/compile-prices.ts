import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import {
  type ConditionalPrice,
  type MatchLogic,
  type ModelInfo,
  type ModelPrice,
  type Provider,
  waitForUpdate,
} from '@pydantic/genai-prices';
import { builtInProviders } from '../../shared/pricing/built-in-providers.ts';
import type { PriceFields } from '../../shared/pricing/price-fields.ts';
import type { LaterPrices, PriceTableRow } from '../../shared/pricing/price-table.ts';
import { wholeUnits } from '../../shared/pricing/rates.ts';
import { vendorPrices } from './vendor-prices.ts';

/** Where the compiled table is checked in. */
export const priceTablePath = fileURLToPath(new URL('../../shared/pricing/price-table.generated.ts', import.meta.url));

/** The built-in `echo` provider costs what is easy to check by hand. */
const echo: readonly PriceTableRow[] = [{ id: 'echo', match: ['*'], input: 1, cached_input: 0.1, output: 2, context_length: 128_000 }];

/** The library's name of a price → ours, and the units of its price in one of ours. */
const tokenFields = {
  input_mtok: 'input',
  cache_read_mtok: 'cached_input',
  cache_write_mtok: 'cache_write',
  cache_write_1h_mtok: 'cache_write_1h',
  output_mtok: 'output',
  output_reasoning_mtok: 'reasoning',
  input_audio_mtok: 'input_audio',
  cache_audio_read_mtok: 'cached_input_audio',
  output_audio_mtok: 'output_audio',
} as const;

type TokenKey = keyof typeof tokenFields;

/** A usage does not tell these from other tokens, so the dearer of the two prices is charged. */
const dearerOf: Readonly<Record<string, TokenKey>> = {
  input_image_mtok: 'input_mtok',
  cache_image_read_mtok: 'cache_read_mtok',
  output_image_mtok: 'output_mtok',
};

/**
 * Models that their vendors give away, which the library lists with no prices at all:
 * https://platform.openai.com/docs/guides/moderation and https://ai.google.dev/gemini-api/docs/pricing#gemma-3
 */
const documentedFree = new Set([
  'openai:moderation',
  'google:gemma-3',
  'google:gemma-3n',
  'google:gemma-4-26b-a4b-it',
  'google:gemma-4-31b-it',
]);

/**
 * Models that read sound, pictures and video at other prices, and are called here by an endpoint that takes text alone:
 * https://ai.google.dev/gemini-api/docs/openai#embeddings
 */
const textAlone = new Set(['google:gemini-embedding-2']);

/** Priced in the row by another field, or cheaper than the search that is counted in their place. */
const covered = new Set(['audio_hours', 'input_audio_hours', 'requests_kcount', 'web_searches_kcount', 'storage_searches_kcount']);

type Amount = ModelPrice[string];

function baseOf(amount: Amount): number | undefined {
  return typeof amount === 'object' ? amount.base : amount;
}

function startsOf(prices: ModelPrice): number[] {
  const starts = Object.values(prices).flatMap((amount) => (typeof amount === 'object' ? amount.tiers.map((tier) => tier.start) : []));
  return [...new Set(starts)].sort((a, b) => a - b);
}

function amountAbove(amount: Amount, tokens: number): number | undefined {
  return typeof amount === 'object' ? (amount.tiers.findLast((tier) => tokens > tier.start)?.price ?? amount.base) : amount;
}

/** Whether every charge of a model can be told from a usage; others are left out and so stay unpriced. */
function isExpressible(prices: ModelPrice): boolean {
  return Object.keys(prices).every((key) => key in tokenFields || key in dearerOf || covered.has(key));
}

function tokenPrices(prices: ModelPrice, pick: (amount: Amount) => number | undefined, provider: string): PriceFields {
  const fields: PriceFields = {};
  for (const [key, field] of Object.entries(tokenFields)) {
    const dearer = Object.entries(dearerOf).find(([, target]) => target === key)?.[0];
    const amounts = [prices[key], dearer === undefined ? undefined : prices[dearer]].map(pick).filter((amount) => amount !== undefined);
    if (amounts.length > 0) fields[field] = Math.max(...amounts);
  }
  // OpenRouter lists the storage part of a cache write for some vendors; the tokens are charged on top of it:
  // https://openrouter.ai/docs/guides/best-practices/prompt-caching
  const { input = 0, cache_write: write } = fields;
  if (provider === 'openrouter' && write !== undefined && write < input) fields.cache_write = write + input;
  // A write that stays for twelve hours costs twice one for thirty minutes: https://developers.openai.com/api/docs/models/gpt-6.2-sol
  if (provider === 'openai' && write !== undefined) fields.cache_write_1h ??= write * 2;
  return roundedUp(fields);
}

/** Six decimals of a USD per million tokens are whole pico-USD a token; what is finer is rounded up. */
function roundedUp(fields: PriceFields): PriceFields {
  const rounded: PriceFields = {};
  for (const field of Object.values(tokenFields)) {
    const amount = fields[field];
    if (amount !== undefined) rounded[field] = wholeUnits(amount, 1e6) / 1e6;
  }
  return rounded;
}

function fieldsOf(prices: ModelPrice, provider: string): Omit<LaterPrices, 'from_ms' | 'daily_ms'> {
  const base = tokenPrices(prices, baseOf, provider);
  const hours = baseOf(prices.audio_hours) ?? baseOf(prices.input_audio_hours);
  const requests = baseOf(prices.requests_kcount);
  const searches = baseOf(prices.web_searches_kcount);
  const context = startsOf(prices).map((above) => ({
    above,
    ...tokenPrices(prices, (amount) => amountAbove(amount, above + 1), provider),
  }));
  return {
    ...base,
    ...(hours === undefined ? {} : { per_second: hours / 3600 }),
    ...(requests === undefined ? {} : { per_request: requests / 1000 }),
    ...(searches === undefined ? {} : { per_search: searches / 1000 }),
    ...(context.length === 0 ? {} : { context }),
  };
}

function laterOf({ constraint, prices }: ConditionalPrice, provider: string): LaterPrices {
  const fields = fieldsOf(prices, provider);
  if (constraint === undefined) return fields;
  if (constraint.type === 'start_date') return { from_ms: Date.parse(constraint.start_date), ...fields };
  return { daily_ms: [timeOfDay(constraint.start_time), timeOfDay(constraint.end_time)], ...fields };
}

function timeOfDay(text: string): number {
  if (!/^\d{2}:\d{2}:\d{2}Z$/.test(text)) throw new Error(`A time of day in a form that is not read here: ${text}`);
  return Date.parse(`1970-01-01T${text}`);
}

function alternativesOf(match: MatchLogic): (string | string[])[] {
  if ('or' in match) return match.or.flatMap(alternativesOf);
  if ('and' in match) return [match.and.flatMap((part) => leafOf(part))];
  return [leafOf(match)];
}

function leafOf(match: MatchLogic): string {
  if ('regex' in match) return `/${match.regex}/`;
  const [kind, value] = Object.entries(match)[0] ?? [];
  if (typeof value !== 'string' || value.includes('*') || value.startsWith('/')) {
    throw new Error(`A match in a form that is not read here: ${JSON.stringify(match)}`);
  }
  const text = value.toLowerCase();
  if (kind === 'equals') return text;
  return `${kind === 'starts_with' ? '' : '*'}${text}${kind === 'ends_with' ? '' : '*'}`;
}

const isName = (alternative: string | string[]) =>
  typeof alternative === 'string' && !alternative.includes('*') && !alternative.startsWith('/');

function matchesLogic(match: MatchLogic, name: string): boolean {
  if ('or' in match) return match.or.some((part) => matchesLogic(part, name));
  if ('and' in match) return match.and.every((part) => matchesLogic(part, name));
  if ('equals' in match) return name === match.equals.toLowerCase();
  if ('starts_with' in match) return name.startsWith(match.starts_with.toLowerCase());
  if ('ends_with' in match) return name.endsWith(match.ends_with.toLowerCase());
  if ('contains' in match) return name.includes(match.contains.toLowerCase());
  return new RegExp(match.regex).test(name);
}

/**
 * A model whose charges a usage cannot tell keeps its row without prices: it is unpriced, and does
 * not fall through to a wider pattern of another model.
 */
function rowOf(model: ModelInfo, provider: Provider): PriceTableRow {
  const all = Array.isArray(model.prices) ? model.prices : [{ prices: model.prices }];
  const [first, ...rest] = all;
  const alternatives = alternativesOf(model.match);
  // The library takes the first model that matches: a name belongs to whichever that is.
  const names = alternatives.filter((name) => typeof name === 'string').filter(isName);
  const own = [...new Set(names)].filter((name) => provider.models.find((other) => matchesLogic(other.match, name)) === model);
  const patterns = alternatives.filter((alternative) => !isName(alternative));
  const identity = {
    id: model.id,
    ...(own.length === 0 ? {} : { names: own }),
    ...(patterns.length === 0 ? {} : { match: patterns }),
    ...(model.context_window === undefined ? {} : { context_length: model.context_window }),
  };
  if (model.id.endsWith(':free') || documentedFree.has(`${provider.id}:${model.id}`)) return { ...identity, input: 0, output: 0 };
  const textPrice = baseOf(textAlone.has(`${provider.id}:${model.id}`) ? first?.prices.input_mtok : undefined);
  if (textPrice !== undefined) return { ...identity, input: textPrice };
  const isPriced = all.every(({ prices }) => isExpressible(prices) && Object.keys(prices).length > 0);
  if (first === undefined || !isPriced) return { ...identity, unpriced: true };
  return {
    ...identity,
    ...fieldsOf(first.prices, provider.id),
    ...(rest.length === 0 ? {} : { later: rest.map((later) => laterOf(later, provider.id)) }),
  };
}

/** What the library does not know of a provider's models. */
function missingRows(provider: Provider): readonly PriceTableRow[] {
  const rows = vendorPrices[provider.id] ?? [];
  const known = rows.find(({ id }) => provider.models.some((model) => model.id === id));
  if (known !== undefined) throw new Error(`The price library knows ${known.id} by now: take it out of vendor-prices.ts.`);
  return rows;
}

/**
 * The text of `shared/pricing/price-table.generated.ts`: the prices of `@pydantic/genai-prices`, and what it lacks, for
 * the providers of the catalogue, one string of JSON per provider, so that importing the module
 * parses nothing and a look-up parses one provider. The same library gives the same text.
 */
export async function compilePrices(): Promise<string> {
  const providers = (await waitForUpdate()) ?? [];
  const wanted = [...new Set(Object.values(builtInProviders).flatMap(({ tables }) => tables))].sort();
  const tables = wanted.map((id) => {
    const provider = providers.find((candidate) => candidate.id === id);
    if (provider === undefined && id !== 'echo') throw new Error(`The price library knows no provider ${id}.`);
    const rows = provider === undefined ? echo : [...missingRows(provider), ...provider.models.map((model) => rowOf(model, provider))];
    const lines = rows.map((row) => JSON.stringify(row).replaceAll('\\', '\\\\'));
    if (lines.some((line) => /`|\$\{/.test(line))) throw new Error('A price row cannot be quoted.');
    return `  '${id}': \`[\n${lines.join(',\n')}\n]\`,\n`;
  });
  return `${header()}export const priceTables: Readonly<Record<string, string>> = {\n${tables.join('')}};\n`;
}

function header(): string {
  const manifest = createRequire(import.meta.url)
    .resolve('@pydantic/genai-prices')
    .replace(/dist\/.*$/, 'package.json');
  const { version }: { version: string } = JSON.parse(readFileSync(manifest, 'utf8'));
  return [
    `// Compiled by infra/setup/compile-prices.ts from @pydantic/genai-prices ${version}. Do not edit; run that file.`,
    '// MIT licence, Copyright (c) 2025 Pydantic Services Inc.: https://github.com/pydantic/genai-prices',
    '',
    '/** Provider of the library → its price rows as JSON, in USD per million tokens. See price-table.ts. */',
    '',
  ].join('\n');
}

if (import.meta.main) writeFileSync(priceTablePath, await compilePrices());
