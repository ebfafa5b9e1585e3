/**
 * Where the prices of Sluice's providers stand in the price library, and what their service tiers
 * multiply them with. Data only; `infra/setup/compile-prices.ts` compiles the providers named here.
 */
export interface BuiltInProvider {
  /** Providers of the library, asked in this order; the first that knows the model answers. */
  readonly tables: readonly string[];
  readonly serviceTiers?: readonly ServiceTierRule[];
  /** USD for one provider-side search, where the library has no price for it. The first rule that matches counts. */
  readonly searches?: readonly { readonly models: string; readonly perSearch: number }[];
}

/** Multipliers for the models whose name matches; the first rule that matches counts. */
export interface ServiceTierRule {
  /** A model name, `*` standing for any text. */
  readonly models: string;
  readonly multipliers: Readonly<Record<string, number>>;
}

const standardNames = { default: 1, standard: 1, auto: 1 };

function openAiTiers(priority: number): Readonly<Record<string, number>> {
  return { ...standardNames, scale: 1, flex: 0.5, batch: 0.5, priority };
}

/**
 * Priority against standard, from the columns of https://platform.openai.com/docs/pricing: for
 * example gpt-5.5 12.50 against 5.00, gpt-4.1 3.50 against 2.00, gpt-4o-mini 0.25 against 0.15.
 * A model that is not listed takes the dearest of them. Flex and Batch are half the standard price.
 */
const openAi: readonly ServiceTierRule[] = [
  { models: 'gpt-4o-mini*', multipliers: openAiTiers(1.66667) },
  { models: 'gpt-4o*', multipliers: openAiTiers(1.7) },
  { models: 'gpt-4.1-nano*', multipliers: openAiTiers(2) },
  { models: 'gpt-4.1*', multipliers: openAiTiers(1.75) },
  { models: 'o3*', multipliers: openAiTiers(1.75) },
  { models: 'o4-mini*', multipliers: openAiTiers(1.81819) },
  { models: 'gpt-5-mini*', multipliers: openAiTiers(1.8) },
  { models: 'gpt-5.4*', multipliers: openAiTiers(2) },
  { models: 'gpt-5', multipliers: openAiTiers(2) },
  { models: '*', multipliers: openAiTiers(2.5) },
];

/**
 * `fast` is the request's `speed: "fast"`, `us` its `inference_geo: "us"`; they stack with each other
 * and with caching. https://platform.claude.com/docs/en/about-claude/pricing
 */
const anthropic: readonly ServiceTierRule[] = [
  { models: 'claude-opus-4-8*', multipliers: anthropicTiers(2) },
  { models: 'claude-opus-5', multipliers: anthropicTiers(2) },
  { models: '*', multipliers: anthropicTiers(6) },
];

function anthropicTiers(fast: number): Readonly<Record<string, number>> {
  return { ...standardNames, standard_only: 1, global: 1, priority: 1, batch: 0.5, us: 1.1, fast };
}

/** Priority is 75 to 100 % dearer, Flex and Batch half: https://ai.google.dev/gemini-api/docs/priority-inference */
const google: readonly ServiceTierRule[] = [
  { models: '*', multipliers: { ...standardNames, unspecified: 1, flex: 0.5, batch: 0.5, priority: 2 } },
];

/** Grounding with Google Search, free allowances left out: https://ai.google.dev/gemini-api/docs/pricing */
const googleSearches = [
  { models: 'gemini-3*', perSearch: 0.014 },
  { models: '*', perSearch: 0.035 },
];

/** Priority adds 75 %, Flex takes half off: https://aws.amazon.com/bedrock/service-tiers/ */
const bedrock: readonly ServiceTierRule[] = [
  { models: '*', multipliers: { ...standardNames, reserved: 1, flex: 0.5, batch: 0.5, priority: 1.75 } },
];

/** Sluice's provider id → its prices. A provider that is not here has none but those of `gateway.yaml`. */
export const builtInProviders: Readonly<Record<string, BuiltInProvider>> = {
  echo: { tables: ['echo'] },
  openai: { tables: ['openai'], serviceTiers: openAi },
  anthropic: { tables: ['anthropic'], serviceTiers: anthropic },
  google: { tables: ['google'], serviceTiers: google, searches: googleSearches },
  vertex: { tables: ['google', 'anthropic'], serviceTiers: google, searches: googleSearches },
  bedrock: { tables: ['aws'], serviceTiers: bedrock },
  azure: { tables: ['azure', 'openai', 'anthropic', 'deepseek', 'x-ai', 'moonshotai'], serviceTiers: openAi },
  openrouter: {
    tables: ['openrouter'],
    serviceTiers: [{ models: '*', multipliers: openAiTiers(2.5) }],
    // Five results at 4 USD per thousand: https://openrouter.ai/docs/guides/features/plugins/web-search
    searches: [{ models: '*', perSearch: 0.02 }],
  },
  mistral: { tables: ['mistral'] },
  groq: { tables: ['groq'] },
  // https://docs.x.ai/docs/models: live search, per source.
  xai: { tables: ['x-ai'], searches: [{ models: '*', perSearch: 0.025 }] },
  deepseek: { tables: ['deepseek'] },
  together: { tables: ['together'] },
  fireworks: { tables: ['fireworks'] },
  perplexity: { tables: ['perplexity'] },
  cerebras: { tables: ['cerebras'] },
  moonshot: { tables: ['moonshotai'] },
  zai: { tables: ['zai', 'zhipuai'] },
  cohere: { tables: ['cohere'] },
  cloudflare: { tables: ['cloudflare'] },
  novita: { tables: ['novita'] },
  minimax: { tables: ['minimax'] },
  baseten: { tables: ['baseten'] },
  ovhcloud: { tables: ['ovhcloud'] },
  voyage: { tables: ['voyageai'] },
};
