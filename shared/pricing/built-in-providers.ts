/**
 * Where the prices of Sluice's providers stand in the price library, and what their service tiers
 * multiply them with. Data only; `infra/setup/compile-prices.ts` compiles the providers named here.
 */
export interface BuiltInProvider {
  /** Providers of the library, asked in this order; the first that knows the model answers. */
  readonly tables: readonly string[];
  readonly serviceTiers?: readonly ServiceTierRule[];
  /** The tier that an account may be set to for calls that name none. The first rule that matches counts. */
  readonly unaskedTiers?: readonly { readonly models: string; readonly tier: string | undefined }[];
  /** What the provider charges for its own tools, where the library has no price for them. The first rule that matches counts. */
  readonly tools?: readonly ToolRule[];
}

/** USD for one use of a tool that the provider runs, for the models whose name matches. */
export interface ToolRule {
  readonly models: string;
  readonly perSearch?: number;
  /** Charged once for a call that searches, however often it does. */
  readonly searchesByTheCall?: true;
  /** The search that such a model makes in every call. */
  readonly perRequest?: number;
  readonly perFileSearch?: number;
  /** For a gigabyte of a container's memory and one answer. */
  readonly perContainerGb?: number;
}

/** Multipliers for the models whose name matches; the first rule that matches counts. */
export interface ServiceTierRule {
  /** A model name, `*` standing for any text. */
  readonly models: string;
  readonly multipliers: Readonly<Record<string, number>>;
}

const standardNames = { default: 1, standard: 1, auto: 1 };

/** OpenAI's newer models call `priority` the fast mode. */
function openAiTiers(priority: number): Readonly<Record<string, number>> {
  return { ...standardNames, scale: 1, flex: 0.5, batch: 0.5, priority, fast: priority };
}

/**
 * Ultrafast, which OpenAI alone has, is six times the standard price. Until February 2027 it is three times for gpt-6.2; a
 * budget must hold after that as well (https://developers.openai.com/api/docs/models/gpt-6.2-sol). No project can be set to it
 * (`ProjectServiceTierSettings` of https://github.com/openai/openai-node), so that `account` is the fast mode at most.
 */
const withUltrafast = { ...openAiTiers(2), account: 2, ultrafast: 6 };
const ultrafast: readonly ServiceTierRule[] = ['gpt-5.6', 'gpt-5.6-sol*', 'gpt-6*'].map((models) => ({
  models,
  multipliers: withUltrafast,
}));

/**
 * Priority against standard, from https://openai.com/api-fast-mode/ and the columns of
 * https://developers.openai.com/api/docs/pricing: gpt-5.5 12.50 against 5.00, gpt-4.1 3.50 against 2.00, gpt-4o-mini 0.25
 * against 0.15, gpt-4o-2024-05-13 8.75 against 5.00, gpt-6-astra 20 against 10.
 * A model that is not listed takes the dearest of them. Flex and Batch are half the standard price.
 */
const openAi: readonly ServiceTierRule[] = [
  { models: 'gpt-4o-mini*', multipliers: openAiTiers(1.66667) },
  { models: 'gpt-4o-2024-05-13', multipliers: openAiTiers(1.75) },
  { models: 'gpt-4o*', multipliers: openAiTiers(1.7) },
  { models: 'gpt-4.1-nano*', multipliers: openAiTiers(2) },
  { models: 'gpt-4.1*', multipliers: openAiTiers(1.75) },
  { models: 'o3', multipliers: openAiTiers(1.75) },
  { models: 'o3-2025*', multipliers: openAiTiers(1.75) },
  { models: 'o4-mini*', multipliers: openAiTiers(1.81819) },
  { models: 'gpt-5-mini*', multipliers: openAiTiers(1.8) },
  { models: 'gpt-5', multipliers: openAiTiers(2) },
  { models: 'gpt-5-2025*', multipliers: openAiTiers(2) },
  { models: 'gpt-5-codex*', multipliers: openAiTiers(2) },
  { models: 'gpt-5.1*', multipliers: openAiTiers(2) },
  { models: 'gpt-5.2*', multipliers: openAiTiers(2) },
  { models: 'gpt-5.4*', multipliers: openAiTiers(2) },
  { models: 'gpt-5.6*', multipliers: openAiTiers(2) },
  { models: 'gpt-6*', multipliers: openAiTiers(2) },
  { models: '*', multipliers: openAiTiers(2.5) },
];

/**
 * `fast` is the request's `speed: "fast"` (https://platform.claude.com/docs/en/build-with-claude/fast-mode; six times on
 * Opus 4.6, the dearest, stands for what is not listed), `us` its `inference_geo: "us"`
 * (https://platform.claude.com/docs/en/manage-claude/data-residency); they stack with each other and with caching.
 */
const anthropic: readonly ServiceTierRule[] = [
  { models: 'claude-opus-4-8*', multipliers: anthropicTiers(2) },
  { models: 'claude-opus-5*', multipliers: anthropicTiers(2) },
  { models: 'claude-fable-5-2*', multipliers: anthropicTiers(2) },
  { models: 'claude-mythos-5-2*', multipliers: anthropicTiers(2) },
  { models: '*', multipliers: anthropicTiers(6) },
];

function anthropicTiers(fast: number): Readonly<Record<string, number>> {
  return { ...standardNames, standard_only: 1, global: 1, priority: 1, batch: 0.5, us: 1.1, fast };
}

/**
 * A workspace may be set to `inference_geo: "us"` for all requests that do not say; models before Opus 4.6 know no such
 * setting (https://platform.claude.com/docs/en/manage-claude/data-residency).
 */
const anthropicUnasked = [
  { models: 'claude-3*', tier: undefined },
  { models: 'claude-*-4-0*', tier: undefined },
  { models: 'claude-*-4-1*', tier: undefined },
  { models: 'claude-*-4-2*', tier: undefined },
  { models: 'claude-*-4-5*', tier: undefined },
  { models: '*', tier: 'us' },
];

/**
 * Priority is 75 to 100 % dearer, Flex and Batch half: https://ai.google.dev/gemini-api/docs/optimization. For Gemini 4 the
 * tables of https://ai.google.dev/gemini-api/docs/pricing name 80 %.
 */
const google: readonly ServiceTierRule[] = [
  { models: 'gemini-4*', multipliers: googleTiers(1.8) },
  { models: '*', multipliers: googleTiers(2) },
];

function googleTiers(priority: number): Readonly<Record<string, number>> {
  return { ...standardNames, unspecified: 1, flex: 0.5, batch: 0.5, priority };
}

/**
 * Grounding with Google Search and Maps, free allowances left out, Maps at the price of Search or less: by the query from
 * Gemini 3 on, by the prompt before. https://ai.google.dev/gemini-api/docs/pricing
 */
const googleTools: readonly ToolRule[] = [
  { models: 'gemini-1*', perSearch: 0.035, searchesByTheCall: true },
  { models: 'gemini-2*', perSearch: 0.035, searchesByTheCall: true },
  { models: '*', perSearch: 0.014 },
];

/**
 * Web search at 10 USD per thousand calls, the preview of it at 25 for models that do not reason, file search at 2.50, a
 * container at 0.03 for each gigabyte (1 GB 0.03, 4 GB 0.12, 16 GB 0.48, 64 GB 1.92) and twenty minutes, which no answer
 * takes. The search models search in every call. https://developers.openai.com/api/docs/pricing
 */
const openAiTools: readonly ToolRule[] = [
  { models: 'gpt-4o*search-preview*', perRequest: 0.025, perSearch: 0 },
  { models: 'gpt-5-search-api*', perRequest: 0.01, perSearch: 0 },
  { models: 'gpt-4*', perSearch: 0.025, perFileSearch: 0.0025, perContainerGb: 0.03 },
  { models: '*', perSearch: 0.01, perFileSearch: 0.0025, perContainerGb: 0.03 },
];

/**
 * 10 USD per thousand searches; code runs at 0.05 an hour, and an answer takes a quarter of one at most.
 * https://platform.claude.com/docs/en/about-claude/pricing
 */
const anthropicTools: readonly ToolRule[] = [{ models: '*', perSearch: 0.01, perContainerGb: 0.0125 }];

/** Web and X search 5 USD per thousand calls, files 10 at most, code 5 a run: https://docs.x.ai/developers/pricing */
const xaiTools: readonly ToolRule[] = [{ models: '*', perSearch: 0.005, perFileSearch: 0.01, perContainerGb: 0.02 }];

/** Priority adds 75 %, Flex takes half off: https://aws.amazon.com/bedrock/service-tiers/ */
const bedrock: readonly ServiceTierRule[] = [
  { models: '*', multipliers: { ...standardNames, reserved: 1, flex: 0.5, batch: 0.5, priority: 1.75 } },
];

/** Sluice's provider id → its prices. A provider that is not here has none but those of `gateway.yaml`. */
export const builtInProviders: Readonly<Record<string, BuiltInProvider>> = {
  echo: { tables: ['echo'] },
  openai: { tables: ['openai'], serviceTiers: [...ultrafast, ...openAi], tools: openAiTools },
  anthropic: { tables: ['anthropic'], serviceTiers: anthropic, unaskedTiers: anthropicUnasked, tools: anthropicTools },
  google: { tables: ['google'], serviceTiers: google, tools: googleTools },
  vertex: { tables: ['google', 'anthropic'], serviceTiers: google, tools: googleTools },
  bedrock: { tables: ['aws'], serviceTiers: bedrock },
  'bedrock-mantle': { tables: ['aws'], serviceTiers: bedrock },
  azure: { tables: ['azure', 'openai', 'anthropic', 'deepseek', 'x-ai', 'moonshotai'], serviceTiers: openAi, tools: openAiTools },
  // Claude costs there what Anthropic asks, a tenth more in the US data zone, which no answer tells:
  // https://platform.claude.com/docs/en/about-claude/pricing#claude-in-microsoft-foundry-pricing
  'azure-claude': { tables: ['anthropic'], serviceTiers: anthropic, unaskedTiers: anthropicUnasked, tools: anthropicTools },
  openrouter: {
    tables: ['openrouter'],
    serviceTiers: [{ models: '*', multipliers: { ...openAiTiers(2.5), ultrafast: 6 } }],
    // Five results at 4 USD per thousand, or the provider's own search: https://openrouter.ai/docs/guides/features/plugins/web-search
    tools: [{ models: '*', perSearch: 0.025 }],
  },
  mistral: { tables: ['mistral'] },
  groq: { tables: ['groq'] },
  xai: { tables: ['x-ai'], tools: xaiTools },
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
