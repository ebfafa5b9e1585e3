import { GatewayError } from '../errors/gateway-error.ts';
import { patternMatcher } from './model-pattern.ts';
import type { PriceVariant } from './price.ts';
import { type PriceFields, variantFrom } from './price-fields.ts';
import type { PriceOverride } from './price-override.ts';

/**
 * A model of the compiled table, in the words of an override. All names are lower case.
 *
 * `names` are matched whole; `match` is a list of alternatives, each a pattern or a list of patterns
 * that must all hold: `*` stands for any text, and `/…/` is a regular expression.
 */
export interface PriceTableRow extends PriceFields {
  readonly id: string;
  readonly names?: readonly string[];
  readonly match?: readonly (string | readonly string[])[];
  readonly context?: PriceOverride['context'];
  readonly context_length?: number;
  /** The library knows the model, but what it charges for cannot be told from a usage. */
  readonly unpriced?: true;
  /** Later prices, in the order in which they override what stands before them. */
  readonly later?: readonly LaterPrices[];
}

/** Prices that hold from a date on, or between two times of each UTC day (both in milliseconds). */
export interface LaterPrices extends PriceFields {
  readonly from_ms?: number;
  readonly daily_ms?: readonly [start: number, end: number];
  readonly context?: PriceOverride['context'];
}

/** What the compiled table says of a model. */
export interface BuiltInPrice {
  readonly id: string;
  readonly contextLength: number | undefined;
  /** Empty for a model that is known and has no usable price. */
  readonly variants: readonly PriceVariant[];
}

interface Table {
  readonly byName: ReadonlyMap<string, PriceTableRow>;
  /** In the library's order: the first that matches counts. */
  readonly byPattern: readonly { readonly row: PriceTableRow; readonly matches: (name: string) => boolean }[];
}

let priceTables: Readonly<Record<string, string>> | undefined;

/**
 * Loads the compiled table, a third of all code of the data plane: a chunk of its own, fetched beside the other
 * things a function waits for when it is wired. To be awaited before the first price is looked up.
 */
export async function loadPriceTables(): Promise<void> {
  priceTables ??= (await import('./price-table.generated.ts')).priceTables;
}

const parsed = new Map<string, Table>();
const converted = new WeakMap<PriceTableRow, BuiltInPrice>();

/** Finds a model in one provider's table, which is parsed when it is first asked. */
export function findBuiltInPrice(tableId: string, model: string): BuiltInPrice | undefined {
  const table = tableOf(tableId);
  const name = model.toLowerCase().trim();
  const row = table.byName.get(name) ?? table.byPattern.find(({ matches }) => matches(name))?.row;
  if (row === undefined) return undefined;
  const known = converted.get(row);
  if (known !== undefined) return known;
  const price = convert(row);
  converted.set(row, price);
  return price;
}

function tableOf(tableId: string): Table {
  const known = parsed.get(tableId);
  if (known !== undefined) return known;
  if (priceTables === undefined) throw new GatewayError('internal_error', 'A price was looked up before the price tables were loaded.');
  // The text is compiled by this project and a test holds it to its schema.
  const rows: readonly PriceTableRow[] = JSON.parse(Object.hasOwn(priceTables, tableId) ? (priceTables[tableId] ?? '[]') : '[]');
  const byName = new Map(rows.flatMap((row) => (row.names ?? []).map((name) => [name, row] as const)));
  const byPattern = rows.flatMap((row) => (row.match === undefined ? [] : [{ row, matches: matcherOf(row.match) }]));
  const table = { byName, byPattern };
  parsed.set(tableId, table);
  return table;
}

function matcherOf(alternatives: NonNullable<PriceTableRow['match']>): (name: string) => boolean {
  const tests = alternatives.map((alternative) => (typeof alternative === 'string' ? [alternative] : alternative).map(testOf));
  return (name) => tests.some((all) => all.every((test) => test(name)));
}

function testOf(pattern: string): (name: string) => boolean {
  if (!pattern.startsWith('/')) return patternMatcher(pattern);
  const expression = new RegExp(pattern.slice(1, -1));
  return (name) => expression.test(name);
}

function convert(row: PriceTableRow): BuiltInPrice {
  const { id, names: _names, match: _match, later = [], context, context_length: contextLength, unpriced = false, ...fields } = row;
  if (unpriced) return { id, contextLength, variants: [] };
  const laterVariants = later.map(({ from_ms: fromMs, daily_ms: daily, context: laterContext, ...laterFields }) => ({
    ...variantFrom(laterFields, laterContext),
    ...(fromMs === undefined ? {} : { fromMs }),
    ...(daily === undefined ? {} : { daily: { startMs: daily[0], endMs: daily[1] } }),
  }));
  return { id, contextLength, variants: [variantFrom(fields, context), ...laterVariants] };
}
