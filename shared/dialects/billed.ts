import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import type { Usage } from '../calls/usage.ts';

const ticksPerNanoUsd = 10;
const picoUsdPerUsd = 1e12;
const picoUsdPerNanoUsd = 1000;
/** No call is billed more, in nano-USD: 100,000 USD. What says so is a slip of the provider. */
const mostNanoUsd = 1e14;

/**
 * What the usage of an answer says that the provider bills for it, rounded up to the next nano-USD; empty where it does not
 * say. Whether it is to be believed is a fact of the provider (`statesCost`), not of the answer. Three have words for it:
 * xAI counts ticks of 10^-10 USD (https://docs.x.ai/developers/cost-tracking), OpenRouter says `cost` in USD and, where it
 * called with a key of the account's own, what that one is billed (https://openrouter.ai/docs/use-cases/usage-accounting),
 * Perplexity adds up its parts (https://docs.perplexity.ai/docs/agent-api/models).
 */
export function billedIn(usage: JsonValue | undefined): Pick<Usage, 'billedNanoUsd'> {
  const nanoUsd = isJsonObject(usage) ? nanoUsdIn(usage) : undefined;
  return nanoUsd !== undefined && nanoUsd >= 0 && nanoUsd <= mostNanoUsd ? { billedNanoUsd: nanoUsd } : {};
}

function nanoUsdIn(usage: JsonObject): number | undefined {
  const { cost, cost_in_usd_ticks: ticks } = usage;
  if (typeof ticks === 'number') return Math.ceil(ticks / ticksPerNanoUsd);
  if (isJsonObject(cost)) return (cost.currency ?? 'USD') === 'USD' ? nanoUsdOf(cost.total_cost) : undefined;
  const charged = nanoUsdOf(cost);
  if (usage.is_byok !== true) return charged;
  const upstream = nanoUsdOf(isJsonObject(usage.cost_details) ? usage.cost_details.upstream_inference_cost : undefined);
  return upstream === undefined || charged === undefined ? undefined : charged + upstream;
}

/** By way of pico-USD, in which what a decimal is off by as a binary fraction does not reach the next nano-USD. */
function nanoUsdOf(usd: JsonValue | undefined): number | undefined {
  return typeof usd === 'number' ? Math.ceil(Math.round(usd * picoUsdPerUsd) / picoUsdPerNanoUsd) : undefined;
}
