import type { Call, DialectName } from '../calls/call.ts';
import { isJsonObject, type JsonObject } from '../calls/json.ts';
import type { SpendingBounds } from '../dialects/dialect.ts';
import type { Price } from '../pricing/price.ts';
import { dearestRates } from '../pricing/price.ts';
import type { Target } from './target.ts';

/** Dialects whose calls a provider serves in tiers of different price. */
const tieredDialects: readonly DialectName[] = ['chat-completions', 'responses', 'messages', 'gemini'];

/** USD per million tokens is pico-USD per token, times a million. */
const picoPerMillion = 1_000_000;
const picoPerUsd = 1_000_000_000_000;

/**
 * The target with all that has to be sent along so that nothing is billed beyond what is held: the service tier that was
 * priced, a bound on the tools the provider runs, no other model in the place of the priced one, and to a provider that routes on by itself the price it may not pass.
 */
export function boundedTarget(target: Target, call: Call, price: Price | undefined, nowMs: number): Target {
  const { provider } = target;
  const tier = tierUnasked(target, call);
  const bounds: SpendingBounds = {
    ...(tier !== undefined && tier !== 'account' && { serviceTier: tier }),
    ...(call.hostedTools?.bounded === 'if-sent' && provider.boundsToolUses(call.dialect) && { toolUses: call.hostedTools.uses }),
    ...(call.mayChangeModel && { ownModel: true }),
  };
  const sent = Object.keys(bounds).length === 0 ? target : { ...target, bounds };
  return provider.takesRoutingFields && price !== undefined ? { ...sent, overrides: withMaxPrice(sent.overrides, price, nowMs) } : sent;
}

/** The tier a call is served in that names none: what the gateway asks for, or `account` where it is the account's to say. */
export function tierUnasked({ provider }: Target, call: Call): string | undefined {
  const leavesOpen = call.serviceTier === undefined || call.serviceTier === 'auto';
  return leavesOpen && tieredDialects.includes(call.dialect) ? provider.unaskedTier : undefined;
}

/** The tool of a call whose cost at a target nothing bounds; undefined where money can be held for all of them. */
export function unboundedTool(
  target: Target,
  call: Call,
  price: Price | undefined,
): 'unbounded' | { readonly unpriced: string; readonly field?: string } | undefined {
  const { hostedTools: tools } = call;
  // In translation such tools are left out.
  if (tools === undefined || target.provider.endpoint(call.dialect, target.model, call.stream) === undefined) return undefined;
  if (tools.unpriced !== undefined) return { unpriced: tools.unpriced, ...(tools.field !== undefined && { field: tools.field }) };
  if (tools.bounded === 'yes' || target.provider.assumesToolUses || price?.mostSearches !== undefined) return undefined;
  return tools.bounded === 'if-sent' && target.provider.boundsToolUses(call.dialect) ? undefined : 'unbounded';
}

/** In the words of https://openrouter.ai/docs/features/provider-routing#max-price; a lower price that was asked for stays. */
function withMaxPrice(overrides: Readonly<JsonObject>, price: Price, nowMs: number): JsonObject {
  const rates = dearestRates(price, Number.MAX_SAFE_INTEGER, nowMs);
  const wishes = isJsonObject(overrides.provider) ? overrides.provider : {};
  const asked = isJsonObject(wishes.max_price) ? wishes.max_price : {};
  const held: JsonObject = {
    prompt: rates.input / picoPerMillion,
    completion: rates.output / picoPerMillion,
    request: rates.request / picoPerUsd,
    image: rates.image / picoPerUsd,
  };
  const most: JsonObject = { ...asked };
  for (const [name, limit] of Object.entries(held)) {
    const wish = asked[name];
    // What the table has no price for is not limited: it would be limited to nothing.
    if (typeof limit === 'number' && limit > 0) most[name] = typeof wish === 'number' ? Math.min(wish, limit) : limit;
  }
  return { ...overrides, provider: { ...wishes, max_price: most } };
}
