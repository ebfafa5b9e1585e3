import type { LanguageModelV4CallOptions, LanguageModelV4Prompt, SharedV4Warning } from '@ai-sdk/provider';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import type { OptionalField } from '../dialects/translation.ts';
import { instructionsFirst, withImageDetail, withoutMadeFiles, withToolFilesAfter } from './language-model-prompt.ts';
import { withCacheMarks } from './language-model-prompt-cache.ts';
import { withTextToolsAsFunctions } from './language-model-tools.ts';
import type { Attempt } from './transport.ts';

/** How the packages differ where their common interface does not tell. */
interface PackageTraits {
  /** The keys of `providerOptions` that it reads. */
  readonly optionKeys: readonly string[];
  /** What the prompt has to become before the package writes what its provider takes. */
  readonly arrange?: (prompt: LanguageModelV4Prompt) => LanguageModelV4Prompt;
  /** Whether it has tools that take plain text. */
  readonly takesTextTools: boolean;
  /** What it leaves out without a warning, and how that shows in the options. */
  readonly ignores?: Readonly<Record<string, (options: LanguageModelV4CallOptions) => boolean>>;
  /** Mends the place where it writes `topK`. */
  readonly placeTopK?: (body: JsonObject, model: string, drop: (field: string) => void) => void;
  /** Where it writes the output cap, when it adds what the model may think to it. */
  readonly capPath: readonly string[] | undefined;
  /** Whether it takes marks for the provider's cache, and on tools too. */
  readonly cacheMarks?: 'on messages' | 'tools too';
}

const plainTurns = (prompt: LanguageModelV4Prompt): LanguageModelV4Prompt => instructionsFirst(withoutMadeFiles(prompt));

const traits: Readonly<Record<string, PackageTraits>> = {
  '@ai-sdk/anthropic': {
    optionKeys: ['anthropic'],
    arrange: plainTurns,
    takesTextTools: false,
    capPath: ['max_tokens'],
    cacheMarks: 'tools too',
  },
  '@ai-sdk/google': { optionKeys: ['google'], arrange: instructionsFirst, takesTextTools: false, capPath: undefined },
  '@ai-sdk/amazon-bedrock': {
    optionKeys: ['amazonBedrock'],
    arrange: plainTurns,
    takesTextTools: false,
    ignores: {
      response_format: ({ responseFormat }) => responseFormat?.type === 'json' && responseFormat.schema === undefined,
      'tools.cache_control': ({ tools }) =>
        tools?.some((tool) => tool.type === 'function' && tool.providerOptions?.amazonBedrock !== undefined) ?? false,
    },
    placeTopK: placeTopKOfConverse,
    cacheMarks: 'on messages',
    capPath: ['inferenceConfig', 'maxTokens'],
  },
  '@ai-sdk/openai': {
    optionKeys: ['openai'],
    arrange: (prompt) => withImageDetail(withoutMadeFiles(prompt)),
    takesTextTools: true,
    capPath: undefined,
  },
  '@ai-sdk/openai-compatible': {
    optionKeys: ['openaiCompatible'],
    arrange: (prompt) => withToolFilesAfter(withoutMadeFiles(prompt)),
    takesTextTools: false,
    capPath: undefined,
  },
};

/** Echo takes whatever it is given. */
const indifferent: PackageTraits = { optionKeys: [], takesTextTools: true, capPath: undefined };

function traitsOf(attempt: Attempt): PackageTraits {
  return traits[attempt.provider.row.aiSdkPackage ?? ''] ?? indifferent;
}

/** The call's options as this provider's package wants them. */
export function optionsFor(options: LanguageModelV4CallOptions, attempt: Attempt): LanguageModelV4CallOptions {
  const own = traitsOf(attempt);
  // A package that does not know a model caps it at its own guess; what the catalogue says is better.
  const cap = attempt.maxOutputTokens ?? options.maxOutputTokens ?? attempt.provider.limits(attempt.model).maxOutputTokens;
  const sendsCap = attempt.maxOutputTokens !== undefined || options.maxOutputTokens !== undefined || own.capPath !== undefined;
  const worded = own.takesTextTools ? options : withTextToolsAsFunctions(options);
  const arranged = { ...worded, prompt: own.arrange?.(worded.prompt) ?? worded.prompt };
  return {
    ...keptPrompt(arranged, attempt, own),
    ...(cap !== undefined && sendsCap && { maxOutputTokens: cap }),
    ...(attempt.provider.row.aiSdkPackage === '@ai-sdk/openai' && {
      providerOptions: openAiOptions(options.providerOptions, attempt.bounds?.serviceTier),
    }),
  };
}

/** Marks the prompt for the provider's cache where the operator wants it and the call marks nothing. */
function keptPrompt(
  options: LanguageModelV4CallOptions,
  { provider, model, call, overrides }: Attempt,
  { cacheMarks }: PackageTraits,
): LanguageModelV4CallOptions {
  const ttl = provider.keepsPrompt(model, call, overrides);
  return cacheMarks === undefined || ttl === undefined ? options : withCacheMarks(options, ttl, { marksTools: cacheMarks === 'tools too' });
}

/**
 * The gateway keeps no conversations at a provider unless told to; reasoning then travels encrypted. Under a budget it says
 * which service tier it means, as `nameServiceTier` does for who is spoken to natively.
 */
function openAiOptions(
  given: LanguageModelV4CallOptions['providerOptions'],
  serviceTier: string | undefined,
): NonNullable<LanguageModelV4CallOptions['providerOptions']> {
  const { openai } = given ?? {};
  const names = openai?.serviceTier !== undefined && openai.serviceTier !== 'auto';
  return { ...given, openai: { store: false, ...openai, ...(serviceTier !== undefined && !names && { serviceTier }) } };
}

/** The fields that this provider's package leaves out without a warning: those it reads under none of their keys, and a few more. */
export function unreadFields(fields: readonly OptionalField[], options: LanguageModelV4CallOptions, attempt: Attempt): string[] {
  const { optionKeys, ignores = {} } = traitsOf(attempt);
  const unread = fields.filter(({ keys }) => !keys.some((key) => optionKeys.includes(key))).map(({ field }) => field);
  const ignored = Object.entries(ignores).flatMap(([field, isGiven]) => (isGiven(options) ? [field] : []));
  return [...unread, ...ignored];
}

/** What a package warns it did not carry over, in the words of the caller's body. */
export function droppedByPackage(warnings: readonly SharedV4Warning[], options: LanguageModelV4CallOptions, attempt: Attempt): string[] {
  const limit = attempt.provider.limits(attempt.model).maxOutputTokens ?? Number.POSITIVE_INFINITY;
  // With thought added to it a cap may pass the model's limit; it is corrected to what was asked, so nothing is lost.
  const capHolds = asksForThought(options) && (options.maxOutputTokens ?? 0) <= limit;
  return warnings.flatMap((warning) => {
    if (warning.type !== 'unsupported' || (capHolds && warning.feature === 'maxOutputTokens')) return [];
    return [fieldName(warning.feature)];
  });
}

const fieldNames: Readonly<Record<string, string>> = {
  stopSequences: 'stop',
  maxOutputTokens: 'max_tokens',
  'adaptive thinking': 'reasoning_effort',
  budgetTokens: 'reasoning_effort',
};

function fieldName(feature: string): string {
  const known = fieldNames[feature];
  if (known !== undefined) return known;
  if (/^[A-Za-z]+$/.test(feature)) return feature.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return feature.replace(/[^\x21-\x7e]+/g, '-').replace(/[,;]/g, '');
}

/** Anthropic's least budget for thinking (https://platform.claude.com/docs/en/build-with-claude/extended-thinking). */
const leastThinkingTokens = 1024;

/**
 * Mends what a package writes amiss. It adds the budget for thinking on top of the output cap: what may be spent was held
 * for the cap alone, so thinking gets what the cap leaves, or is left out where that is too little. And it may write `topK`
 * where the provider knows no such field. `drop` is told of what is left out.
 */
export function bodyCorrector(
  options: LanguageModelV4CallOptions,
  attempt: Attempt,
  drop: (field: string) => void,
): (body: string) => string {
  const { capPath, placeTopK } = traitsOf(attempt);
  const cap = asksForThought(options) ? options.maxOutputTokens : undefined;
  const holdsCap = capPath !== undefined && cap !== undefined;
  const placesTopK = placeTopK !== undefined && options.topK !== undefined;
  if (!holdsCap && !placesTopK) return (body) => body;
  return (body) => {
    const json: JsonValue = JSON.parse(body);
    if (!isJsonObject(json)) return body;
    if (holdsCap) holdCap(json, capPath, cap, drop);
    if (placesTopK) placeTopK(json, attempt.model, drop);
    return JSON.stringify(json);
  };
}

function holdCap(json: JsonObject, capPath: readonly string[], cap: number, drop: (field: string) => void): void {
  const holder = capPath.slice(0, -1).reduce<JsonObject>((object, key) => childOf(object, key), json);
  const name = capPath.at(-1) ?? '';
  const written = holder[name];
  if (typeof written !== 'number' || written > cap) holder[name] = cap;
  shrinkThinking(capPath.length > 1 ? childOf(json, 'additionalModelRequestFields') : json, cap, drop);
}

/**
 * Converse has no `topK` of its own: the families of models that have one take it among their own fields.
 * https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_InferenceConfiguration.html
 * https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html
 * https://docs.aws.amazon.com/nova/latest/userguide/using-converse-api.html
 * https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-cohere-command-r-plus.html
 */
function placeTopKOfConverse(body: JsonObject, model: string, drop: (field: string) => void): void {
  const inference = body.inferenceConfig;
  if (!isJsonObject(inference) || inference.topK === undefined) return;
  const { topK } = inference;
  delete inference.topK;
  const own = (): JsonObject => childOf(body, 'additionalModelRequestFields');
  if (/(^|[./])anthropic\./.test(model)) own().top_k = topK;
  else if (/(^|[./])amazon\.nova/.test(model)) childOf(own(), 'inferenceConfig').topK = topK;
  else if (/(^|[./])cohere\./.test(model)) own().k = topK;
  else drop('top_k');
}

function asksForThought({ reasoning, providerOptions }: LanguageModelV4CallOptions): boolean {
  return (
    (reasoning !== undefined && reasoning !== 'none') ||
    providerOptions?.anthropic?.thinking !== undefined ||
    providerOptions?.amazonBedrock?.reasoningConfig !== undefined
  );
}

function shrinkThinking(holder: JsonObject, cap: number, drop: (field: string) => void): void {
  const { thinking } = holder;
  if (!isJsonObject(thinking) || typeof thinking.budget_tokens !== 'number' || thinking.budget_tokens < cap) return;
  // Half is left for the answer itself.
  const budget = Math.max(leastThinkingTokens, Math.floor(cap / 2));
  if (budget < cap) thinking.budget_tokens = budget;
  else {
    delete holder.thinking;
    drop('reasoning_effort');
  }
}

function childOf(object: JsonObject, key: string): JsonObject {
  const child = object[key];
  if (isJsonObject(child)) return child;
  const made: JsonObject = {};
  object[key] = made;
  return made;
}
