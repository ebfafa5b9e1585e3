import type { Demand } from '../calls/call.ts';
import { cloudRows } from './catalogue-clouds.ts';
import { gatewayRows } from './catalogue-gateways.ts';
import { hostRows } from './catalogue-hosts.ts';
import { labRows } from './catalogue-labs.ts';
import { localRows } from './catalogue-local.ts';
import { modelRows } from './catalogue-models.ts';
import type { DialectName, Endpoint, ModelRow, Provider, ProviderRow, Quirks } from './catalogue-schema.ts';
import { searchRows } from './catalogue-search.ts';

/**
 * What is taken for granted of an OpenAI-compatible provider of which nothing else is known: OpenAI's
 * conventions, and on abort and idempotency the assumption that lets nobody overspend.
 */
export const defaultQuirks: Quirks = {
  reportsStreamUsage: 'on-request',
  acceptsStreamOptions: true,
  maxTokensField: 'max_tokens',
  sendsDone: true,
  stopsBillingOnAbort: false,
  statesCost: false,
  honoursIdempotencyKey: false,
  errorShape: 'openai',
};

/** What an OpenAI-compatible server named in gateway.yaml is taken to speak; what it lacks it answers with a 404. */
export const openAiCompatibleDialects = {
  'chat-completions': { path: '/chat/completions' },
  completions: { path: '/completions' },
  embeddings: { path: '/embeddings' },
  rerank: { path: '/rerank' },
  images: { path: '/images/generations' },
  speech: { path: '/audio/speech' },
  transcriptions: { path: '/audio/transcriptions' },
  moderations: { path: '/moderations' },
} as const satisfies ProviderRow['dialects'];

/** Every row of the catalogue, as written. */
export const providerRows: readonly ProviderRow[] = [...labRows, ...cloudRows, ...hostRows, ...gatewayRows, ...searchRows, ...localRows];

const rowsById: ReadonlyMap<string, ProviderRow> = new Map(providerRows.map((row) => [row.id, row]));

/** The ids of all providers, in the order of the catalogue. */
export const providerIds: readonly string[] = [...rowsById.keys()];

/** The provider of that id with every default filled in, or nothing. Cheap: no schema is run. */
export function findProvider(id: string): Provider | undefined {
  const row = rowsById.get(id);
  return row && completeRow(row);
}

/** Fills in what a row left out: of the catalogue, or of a provider that gateway.yaml describes. */
export function completeRow(row: ProviderRow): Provider {
  return {
    ...row,
    headers: row.headers ?? {},
    options: row.options ?? [],
    local: row.local ?? false,
    quirks: { ...defaultQuirks, ...row.quirks },
  };
}

/**
 * Where a provider natively speaks a dialect for a model; nothing when that call has to be translated.
 * Base URL and auth are the endpoint's own or else the row's; placeholders are not filled yet.
 */
export function findEndpoint(
  provider: Provider,
  dialect: DialectName,
  modelId: string,
): (Endpoint & Pick<Provider, 'baseUrl' | 'auth'>) | undefined {
  const endpoint = provider.dialects[dialect];
  if (!endpoint || !isFor(endpoint, modelId)) return undefined;
  return { baseUrl: baseUrlFor(provider, modelId), auth: provider.auth, ...endpoint };
}

/** Under which base URL a provider serves a model where an endpoint has none of its own. Placeholders are not filled yet. */
export function baseUrlFor({ baseUrl, elsewhere }: Pick<Provider, 'baseUrl' | 'elsewhere'>, modelId: string): string {
  return elsewhere?.find((place) => isFor(place, modelId))?.baseUrl ?? baseUrl;
}

/** What of a call bears on whether an endpoint can serve it. */
export interface CallNeeds {
  readonly tools: boolean;
  /** The effort that is named for the model's reasoning. */
  readonly reasoningEffort: string | undefined;
  readonly demands: readonly Demand[];
}

/** Whether an endpoint refuses the tools of such a call, because the model would reason over it. */
export function refusesTools({ toolsWithoutReasoning }: Endpoint, modelId: string, { tools, reasoningEffort }: CallNeeds): boolean {
  if (!tools || toolsWithoutReasoning === undefined) return false;
  const { reasoningByDefault, reasoningWhenAsked, never } = toolsWithoutReasoning;
  if (reasoningEffort === 'none') return isAmong(never, modelId);
  return isAmong(reasoningByDefault, modelId) || (reasoningEffort !== undefined && isAmong(reasoningWhenAsked, modelId));
}

/** Whether an endpoint refuses something else that a call asks for. */
export function refusesDemands({ refuses }: Endpoint, { demands }: CallNeeds): boolean {
  return refuses?.some((refused) => demands.includes(refused)) ?? false;
}

/** Whether what is said of some models, all where none are named, is said of this one. */
function isFor({ models, exceptModels = [] }: Pick<Endpoint, 'models' | 'exceptModels'>, modelId: string): boolean {
  return (models === undefined || isAmong(models, modelId)) && !isAmong(exceptModels, modelId);
}

function isAmong(patterns: readonly string[], modelId: string): boolean {
  return patterns.some((pattern) => matches(pattern, modelId));
}

/** Whether `*` in the pattern can stand for something that makes it the text. */
function matches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return text === pattern;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first) || !text.endsWith(last)) return false;
  let from = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return from + last.length <= text.length;
}

/**
 * The values for the placeholders of a provider's URLs: from gateway.yaml, else from the environment,
 * else the default. `missing` names those that nothing gives.
 */
export function resolveOptions(
  provider: Pick<Provider, 'options'>,
  given: Readonly<Record<string, string | undefined>>,
  environment: Readonly<Record<string, string | undefined>>,
): { values: Record<string, string>; missing: string[] } {
  const values: Record<string, string> = {};
  const missing: string[] = [];
  for (const option of provider.options) {
    const variables = (option.environment ?? []).map((name) => environment[name]);
    const value = [given[option.name], ...variables, option.default].find((candidate) => candidate);
    if (value === undefined) missing.push(option.name);
    else values[option.name] = value;
  }
  return { values, missing };
}

/**
 * Where a base URL goes when gateway.yaml points its provider elsewhere. An address without a path, or with
 * the path of the provider's own base URL, takes over the host alone: `http://127.0.0.1:9001` stands for
 * `http://127.0.0.1:9001/v1` where the provider's is `https://api.anthropic.com/v1`. An address with any
 * other path is meant as it stands.
 * @param baseUrl the base URL of the endpoint called, which may be the row's or its own.
 * @param rowBaseUrl the base URL of the row.
 */
export function pointElsewhere(baseUrl: string, override: string, rowBaseUrl = baseUrl): string {
  const [origin, path] = splitUrl(override);
  return path === '' || path === splitUrl(rowBaseUrl)[1] ? origin + splitUrl(baseUrl)[1] : origin + path;
}

function splitUrl(url: string): [origin: string, path: string] {
  const bare = url.replace(/\/+$/, '');
  const end = bare.indexOf('/', bare.indexOf('://') + 3);
  return end < 0 ? [bare, ''] : [bare.slice(0, end), bare.slice(end)];
}

/** Puts values in the place of `{name}`, URL-encoded. A placeholder without a value stays as it is. */
export function fillPlaceholders(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{([a-z_]+)\}/g, (placeholder, name: string) => {
    const value = values[name];
    return value === undefined ? placeholder : encodeURIComponent(value);
  });
}

/** The models of a provider whose limits are known, in the order of their ids. */
export function knownModels(providerId: string): readonly ModelRow[] {
  return modelsByProvider.get(sameModelsAs[providerId] ?? providerId) ?? [];
}

/**
 * What is known of a model of a provider. A dated snapshot (`-20250929`, `-2025-09-29`) that has no row of
 * its own has the limits of the model it is a snapshot of; a model behind Bedrock or a gateway has those
 * its maker gives it.
 */
export function findModel(providerId: string, modelId: string): ModelRow | undefined {
  const own = rowOf(providerId, modelId);
  if (own) return own;
  const origin = originOf(providerId, modelId);
  return origin && rowOf(...origin);
}

const modelsByProvider: ReadonlyMap<string, readonly ModelRow[]> = new Map(Object.entries(modelRows));

/** Providers that sell another's models under the same ids. */
const sameModelsAs: Readonly<Record<string, string>> = { azure: 'openai', 'azure-claude': 'anthropic', vertex: 'google' };

/** The makers as gateways name them in `maker/model`. */
const makers: Readonly<Record<string, string>> = {
  openai: 'openai',
  anthropic: 'anthropic',
  google: 'google',
  'x-ai': 'xai',
  xai: 'xai',
  mistral: 'mistral',
  mistralai: 'mistral',
  deepseek: 'deepseek',
  moonshotai: 'moonshot',
};

function rowOf(providerId: string, modelId: string): ModelRow | undefined {
  const rows = knownModels(providerId);
  const undated = modelId.replace(/-(\d{8}|\d{4}-\d{2}-\d{2})$/, '');
  return rows.find(({ id }) => id === modelId) ?? rows.find(({ id }) => id === undated);
}

/** Whose model it is that a cloud or a gateway sells under a name of its own, and the maker's name for it. */
function originOf(providerId: string, modelId: string): [maker: string, modelId: string] | undefined {
  if (providerId === 'bedrock') {
    const [, maker, name] = /^(?:[a-z]+\.)?(amazon|anthropic)\.(.+)$/.exec(modelId) ?? [];
    if (maker === 'amazon') return ['bedrock', `amazon.${name}`];
    return name === undefined ? undefined : ['anthropic', name.replace(/-v\d+(:\d+)?$/, '')];
  }
  if (providerId === 'openrouter' || providerId === 'vercel') {
    const [, maker = '', name = ''] = /^([^/]+)\/([^:]+)/.exec(modelId) ?? [];
    const provider = Object.hasOwn(makers, maker) ? makers[maker] : undefined;
    // Anthropic's own ids have a dash where the gateways have a dot: claude-opus-4.5.
    return provider === undefined ? undefined : [provider, provider === 'anthropic' ? name.replaceAll('.', '-') : name];
  }
  return undefined;
}

/**
 * Up to three ids that the given one may be a slip of, nearest first, for an error message. Near is a third
 * of its letters changed at most, or one being the beginning of the other.
 * @param ids among which to look; the catalogue's when left out.
 */
export function nearest(id: string, ids: readonly string[] = providerIds): string[] {
  const wanted = id.trim().toLowerCase();
  if (wanted === '') return [];
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  return ids
    .map((candidate) => {
      const startsAlike = wanted.length > 2 && (candidate.startsWith(wanted) || wanted.startsWith(candidate));
      return { candidate, distance: startsAlike ? 0.5 : editDistance(wanted, candidate) };
    })
    .filter(({ distance }) => distance <= limit)
    .sort((one, other) => one.distance - other.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** Letters to insert, drop, replace or swap with their neighbour to make one word of the other. */
function editDistance(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row++) {
    const current = [row];
    for (let column = 1; column <= other.length; column++) {
      const changed = one[row - 1] === other[column - 1] ? 0 : 1;
      const swapped = row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + changed,
        swapped ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[other.length] ?? 0;
}
