import type { Call, DialectName } from '../calls/call.ts';
import type { JsonObject } from '../calls/json.ts';
import type { PromptCacheTtl } from '../dialects/messages-prompt-cache.ts';
import type { ContinuationStyle } from '../dialects/resuming.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import {
  baseUrlFor,
  type CallNeeds,
  completeRow,
  fillPlaceholders,
  findEndpoint,
  findModel,
  findProvider,
  knownModels,
  nearest,
  openAiCompatibleDialects,
  pointElsewhere,
  providerIds,
  refusesDemands,
  refusesTools,
  resolveOptions,
} from './catalogue.ts';
import type { AuthScheme, Provider as CatalogueProvider, ModelRow } from './catalogue-schema.ts';
import { echoModels, isEchoModel } from './echo-models.ts';
import { echoId, echoLimits, echoRow } from './echo-row.ts';
import { takesPrefill } from './prefill.ts';
import type { ProviderSettings } from './provider-settings.ts';
import { waysTo } from './regions.ts';

/** Where and how one dialect of a provider is called. */
export interface ProviderEndpoint {
  readonly url: string;
  readonly auth: AuthScheme;
  /** Headers that every call of this dialect carries, whatever the caller's say. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether it takes as a user's id only letters, digits and few signs. */
  readonly plainUserIds: boolean;
}

/** What of a call, and of what its target puts into it, bears on whether a provider's own dialect serves it. */
export function needsOf(call: Pick<Call, 'content' | 'reasoningEffort' | 'demands'>, overrides: Readonly<JsonObject>): CallNeeds {
  const effort = overrides.reasoning_effort ?? call.reasoningEffort;
  return { tools: call.content.tools > 0, reasoningEffort: typeof effort === 'string' ? effort : undefined, demands: call.demands ?? [] };
}

/** What is known of a model's limits, in tokens; undefined where nobody says. */
export interface ModelLimits {
  readonly contextLength: number | undefined;
  readonly maxOutputTokens: number | undefined;
}

/** The key of a provider, behind a reference. */
export interface Credential {
  /** The key, or undefined where there is none. `fresh` reads past the cache, after the provider refused it. */
  read(fresh: boolean): Promise<string | undefined>;
}

/** Reads what a secret reference stands for. */
export interface SecretReader {
  /** The value, or undefined where there is none. `fresh` reads past any cache. */
  read(reference: string, fresh: boolean): Promise<string | undefined>;
}

/** Where a provider's references lead. */
export interface ProviderContext {
  readonly secrets: SecretReader;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** One of several ways to a provider. */
export interface ProviderWay {
  readonly region: string | undefined;
  /** The reference of the key, where there are several. */
  readonly key: string | undefined;
  /** What receipts call it. */
  readonly label: string;
  /** The provider on this way alone. */
  readonly provider: ConfiguredProvider;
}

/** The providers whose documentation says how for chat completions; DeepSeek does it at another base URL, so its operator has to say so. */
const documentedContinuations: Readonly<Record<string, ContinuationStyle>> = {
  mistral: 'prefix',
  moonshot: 'partial',
  qwen: 'partial',
  vllm: 'continue_final_message',
};

/** A provider as configured: a row of the catalogue and what the operator says of it. */
export class ConfiguredProvider {
  /** Its name in the configuration: the part of `provider/model` before the slash. */
  readonly id: string;
  readonly row: CatalogueProvider;
  /** Headers sent with every call, as the operator says. */
  readonly headers: Readonly<Record<string, string>>;
  readonly allowPrivateAddress: boolean;
  readonly credential: Credential;
  readonly #settings: ProviderSettings;
  readonly #options: Readonly<Record<string, string>>;
  readonly #context: ProviderContext;
  readonly #configured: ProviderSettings;
  #ways: readonly ProviderWay[] | undefined;

  constructor(id: string, configured: ProviderSettings, context: ProviderContext) {
    // Where nobody chooses, a call goes to the first of several regions, with any of its keys.
    const settings = configured.regions === undefined ? configured : (waysTo(configured)[0]?.settings ?? configured);
    this.id = id;
    this.row = rowFor(id, settings);
    this.headers = settings.headers ?? {};
    this.allowPrivateAddress = settings.allow_private_address ?? false;
    this.credential = new ReferencedCredential(this, settings, context.secrets);
    this.#configured = configured;
    this.#settings = settings;
    this.#context = context;
    const { values, missing } = resolveOptions(this.row, settings.options ?? {}, context.environment);
    if (missing.length > 0 && settings.base_url === undefined) {
      throw new GatewayError('invalid_request', `The provider '${id}' needs options: ${missing.join(', ')}.`, {
        param: `providers.${id}.options`,
      });
    }
    this.#options = values;
  }

  /** Where a call in this dialect goes; undefined when the provider does not speak it for that model. */
  endpoint(dialect: DialectName, model: string, stream: boolean): ProviderEndpoint | undefined {
    const found = findEndpoint(this.row, dialect, model);
    if (found === undefined) return undefined;
    const base = this.#pointed(fillPlaceholders(found.baseUrl, this.#options));
    const path = (stream ? found.streamPath : undefined) ?? found.path;
    const { auth, headers = {}, plainUserIds = false } = found;
    return { url: base + fillPlaceholders(path, { ...this.#options, model }), auth, headers, plainUserIds };
  }

  /**
   * Whether the provider's own dialect loses nothing of such a call. One that does, by a `reduced` endpoint or because it
   * refuses something of the call, is only the way where nothing better is.
   */
  speaksFully(dialect: DialectName, model: string, needs: CallNeeds): boolean {
    const found = findEndpoint(this.row, dialect, model);
    return found !== undefined && found.fidelity !== 'reduced' && !refusesTools(found, model, needs) && !refusesDemands(found, needs);
  }

  /** Whether it counts the tokens of a prompt in this dialect, as far as anybody knows. */
  countsTokens(dialect: DialectName, model: string): boolean {
    const found = findEndpoint(this.row, dialect, model);
    return found !== undefined && found.countsTokens !== false;
  }

  /** The provider in each of its regions and with each of its keys alone, where it has several; empty where there is one way. */
  get ways(): readonly ProviderWay[] {
    this.#ways ??= this.#waysApart();
    return this.#ways;
  }

  #waysApart(): readonly ProviderWay[] {
    const ways = waysTo(this.#configured);
    if (ways.length < 2) return [];
    return ways.map(({ settings, ...way }) => ({ ...way, provider: new ConfiguredProvider(this.id, settings, this.#context) }));
  }

  /** Whether it routes requests on by itself and understands their `provider` field. */
  get takesRoutingFields(): boolean {
    return this.row.id === 'openrouter';
  }

  /**
   * The service tier asked for where a call under a budget names none: OpenAI's projects can be set to a dearer one
   * (https://developers.openai.com/api/docs/guides/priority-processing), and an answer need not say so. `account` is no tier
   * but the wish to leave it to the account, as Azure's deployments have it, of which not all take the field
   * (https://learn.microsoft.com/azure/foundry/openai/concepts/priority-processing); undefined where there is no such setting.
   */
  get unaskedTier(): string | undefined {
    if (this.#settings.service_tier !== undefined) return this.#settings.service_tier;
    if (this.row.id === 'openai') return 'default';
    return this.row.id === 'azure' ? 'account' : undefined;
  }

  /** Whether a bound on the uses of its own tools can be sent to it. In Messages the tool itself has a field for it. */
  boundsToolUses(dialect: DialectName): boolean {
    return dialect === 'messages' || (dialect === 'responses' && (this.row.id === 'openai' || this.row.id === 'azure'));
  }

  /** Whether the operator takes the usual number of uses for a bound where there is none. */
  get assumesToolUses(): boolean {
    return this.#settings.unbounded_tools === 'assume';
  }

  /**
   * For how long the prompt of a call is to be kept in the provider's cache, where neither the call nor what its target puts
   * into it marks anything: undefined where the operator does not say, and for models that keep prompts unasked, which is all
   * but Claude.
   */
  keepsPrompt(model: string, { content }: Pick<Call, 'content'>, overrides: Readonly<JsonObject>): PromptCacheTtl | undefined {
    const isMarked = content.promptCache !== 'none' || 'cache_control' in overrides;
    return !isMarked && model.toLowerCase().includes('claude') ? this.#settings.prompt_cache : undefined;
  }

  /** Whether the operator declares that it neither keeps nor trains on what it is sent. */
  get deniesDataCollection(): boolean {
    return this.#settings.data_collection === 'deny';
  }

  get stopsBillingOnAbort(): boolean {
    return this.#settings.stops_billing_on_abort ?? this.row.quirks.stopsBillingOnAbort;
  }

  /** Whether what its answers say of their cost is what it bills. */
  get statesCost(): boolean {
    return this.#settings.states_cost ?? this.row.quirks.statesCost;
  }

  /** How it is asked to carry on with an answer that another has begun; undefined where nobody says that it can. */
  continuation(dialect: DialectName, model: string): ContinuationStyle | undefined {
    if (this.#settings.continues_by !== undefined) return this.#settings.continues_by;
    if (takesPrefill(this.row.id, model)) return 'prefill';
    return dialect === 'chat-completions' ? documentedContinuations[this.row.id] : undefined;
  }

  get asksForStreamUsage(): boolean {
    return this.row.quirks.reportsStreamUsage === 'on-request' && this.row.quirks.acceptsStreamOptions;
  }

  get maxTokensField(): 'max_tokens' | 'max_completion_tokens' {
    return (
      this.#settings.max_tokens_field ??
      (this.row.quirks.maxTokensField === 'max_completion_tokens' ? 'max_completion_tokens' : 'max_tokens')
    );
  }

  /** Base URL for what appends paths of its own. */
  get baseUrl(): string {
    return this.#pointed(fillPlaceholders(this.row.baseUrl, this.#options));
  }

  /** The same for a translation, whose model may be served under another. */
  baseUrlFor(model: string): string {
    return this.#pointed(fillPlaceholders(baseUrlFor(this.row, model), this.#options));
  }

  #pointed(baseUrl: string): string {
    const override = this.#settings.base_url;
    return override === undefined ? baseUrl : pointElsewhere(baseUrl, override, fillPlaceholders(this.row.baseUrl, this.#options));
  }

  /** Values of the row's placeholders, such as `region`. */
  get options(): Readonly<Record<string, string>> {
    return this.#options;
  }

  /** The model's limits: the operator's word first, then the catalogue's. */
  limits(model: string): ModelLimits {
    if (this.row.id === echoId) return echoLimits;
    const own = this.#settings.models?.[model];
    const known = findModel(this.row.id, model);
    return {
      contextLength: own?.context_length ?? known?.contextLength,
      maxOutputTokens: own?.max_output_tokens ?? known?.maxOutputTokens,
    };
  }

  /** What the catalogue says of a model. */
  model(model: string): ModelRow | undefined {
    return findModel(this.row.id, model);
  }

  /** Whether there is certainly no such model. Of others' models nobody knows them all; the built-in ones are all known. */
  lacks(model: string): boolean {
    return this.row.id === echoId && !isEchoModel(model);
  }

  /** Names of the models that are known: those the operator names, then the catalogue's. */
  get modelNames(): readonly string[] {
    if (this.row.id === echoId) return Object.keys(echoModels);
    return [...new Set([...Object.keys(this.#settings.models ?? {}), ...knownModels(this.row.id).map(({ id }) => id)])];
  }
}

class ReferencedCredential implements Credential {
  readonly #provider: ConfiguredProvider;
  readonly #settings: ProviderSettings;
  readonly #secrets: SecretReader;

  constructor(provider: ConfiguredProvider, settings: ProviderSettings, secrets: SecretReader) {
    this.#provider = provider;
    this.#settings = settings;
    this.#secrets = secrets;
  }

  async read(fresh: boolean): Promise<string | undefined> {
    const { api_key: one, api_keys: several } = this.#settings;
    const own = one === undefined ? several : [one];
    const references = own ?? this.#provider.row.keyVariables.map((name) => `env:${name}`);
    for (const reference of references) {
      const value = await this.#secrets.read(reference, fresh);
      if (value !== undefined && value !== '') return value;
    }
    return undefined;
  }
}

/** The catalogue row behind a name of the configuration. */
function rowFor(id: string, settings: ProviderSettings): CatalogueProvider {
  const type = settings.type ?? id;
  const row = type === echoId ? completeRow(echoRow) : findProvider(type);
  if (row !== undefined) return row;
  if (type === 'openai-compatible') {
    if (settings.base_url === undefined) {
      throw new GatewayError('invalid_request', `The provider '${id}' needs a base_url.`, { param: `providers.${id}.base_url` });
    }
    return completeRow({
      id,
      name: id,
      source: settings.base_url,
      baseUrl: settings.base_url,
      auth: 'bearer',
      authWithoutKey: 'none',
      keyVariables: [],
      dialects: openAiCompatibleDialects,
      aiSdkPackage: '@ai-sdk/openai-compatible',
    });
  }
  const near = nearest(type, [...providerIds, 'openai-compatible']);
  const hint = near.length > 0 ? ` Did you mean ${near.map((name) => `'${name}'`).join(' or ')}?` : '';
  throw new GatewayError(
    'invalid_request',
    `'${type}' is not a provider of the catalogue.${hint} A provider of your own needs type: openai-compatible and a base_url.`,
    { param: settings.type === undefined ? `providers.${id}` : `providers.${id}.type` },
  );
}
