import { chatCompletions } from '../dialects/chat-completions.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { type ListShape, listShape } from './list-shape.ts';
import { once } from './once.ts';

/** What a path of the data plane is for. */
export type Endpoint =
  | { readonly kind: 'call'; readonly dialect: Dialect; readonly path: CallPath }
  | { readonly kind: 'count-tokens'; readonly dialect: Dialect; readonly path: CallPath }
  | { readonly kind: 'pass-through'; readonly dialect: Dialect; readonly provider: string; readonly path: string }
  | { readonly kind: 'uploads'; readonly dialect: Dialect }
  | { readonly kind: 'models' | 'key' | 'health' | 'generation'; readonly dialect: Dialect; readonly id?: string };

/** What the path itself says of a call. */
interface CallPath {
  readonly model?: string;
  readonly action?: string;
}

interface EndpointRow {
  readonly method: 'GET' | 'POST' | 'ANY';
  readonly path: RegExp;
  readonly open: (groups: Readonly<Record<string, string | undefined>>) => Promise<Endpoint>;
}

type LoadDialect = () => Promise<Dialect>;

// Loaded when the first request speaks them: each is a chunk of its own, and few deployments hear all of them.
const chat: LoadDialect = async () => chatCompletions;
const responses = once(async () => (await import('../dialects/responses.ts')).responses);
const messages = once(async () => (await import('../dialects/messages.ts')).messages);
const messagesCounting = once(async () => (await import('../dialects/messages.ts')).messagesCounting);
const gemini = once(async () => (await import('../dialects/gemini.ts')).gemini);
const geminiCounting = once(async () => (await import('../dialects/gemini.ts')).geminiCounting);
const completions = once(async () => (await import('../dialects/completions.ts')).completions);
const embeddings = once(async () => (await import('../dialects/embeddings.ts')).embeddings);
const rerank = once(async () => (await import('../dialects/rerank.ts')).rerank);
const images = once(async () => (await import('../dialects/images.ts')).images);
const speech = once(async () => (await import('../dialects/speech.ts')).speech);
const transcriptions = once(async () => (await import('../dialects/transcriptions.ts')).transcriptions);
const moderations = once(async () => (await import('../dialects/moderations.ts')).moderations);

const call = (load: LoadDialect) => async (): Promise<Endpoint> => ({ kind: 'call', dialect: await load(), path: {} });

/** Every path of the data plane. */
const endpointRows: readonly EndpointRow[] = [
  // First, because what passes through may look like any other path.
  {
    method: 'ANY',
    path: /^\/v1\/providers\/(?<provider>[^/]+)\/(?<path>.+)$/,
    open: async ({ provider = '', path = '' }) => ({ kind: 'pass-through', dialect: await chat(), provider: decoded(provider), path }),
  },
  { method: 'POST', path: /^\/v1\/chat\/completions$/, open: call(chat) },
  { method: 'POST', path: /^\/v1\/responses$/, open: call(responses) },
  { method: 'POST', path: /^\/v1\/messages$/, open: call(messages) },
  {
    method: 'POST',
    path: /^\/v1\/messages\/count_tokens$/,
    open: async () => ({ kind: 'count-tokens', dialect: await messagesCounting(), path: {} }),
  },
  { method: 'POST', path: /^\/v1\/completions$/, open: call(completions) },
  { method: 'POST', path: /^\/v1\/embeddings$/, open: call(embeddings) },
  { method: 'POST', path: /^\/v1\/rerank$/, open: call(rerank) },
  { method: 'POST', path: /^\/v1\/images\/generations$/, open: call(images) },
  { method: 'POST', path: /^\/v1\/audio\/speech$/, open: call(speech) },
  { method: 'POST', path: /^\/v1\/audio\/transcriptions$/, open: call(transcriptions) },
  { method: 'POST', path: /^\/v1\/moderations$/, open: call(moderations) },
  // The model may bring slashes of its own, as they are or percent-encoded, and so may the colon. The AI SDK leaves `models/` out before a name with a slash.
  {
    method: 'POST',
    path: /^\/v1(?:beta)?\/(?:models\/)?(?<model>.+)(?::|%3[Aa])(?<action>generateContent|streamGenerateContent)$/,
    open: async ({ model = '', action = '' }) => ({ kind: 'call', dialect: await gemini(), path: { model: decoded(model), action } }),
  },
  {
    method: 'POST',
    path: /^\/v1(?:beta)?\/(?:models\/)?(?<model>.+)(?::|%3[Aa])countTokens$/,
    open: async ({ model = '' }) => ({ kind: 'count-tokens', dialect: await geminiCounting(), path: { model: decoded(model) } }),
  },
  { method: 'GET', path: /^\/v1\/models$/, open: async () => ({ kind: 'models', dialect: await chat() }) },
  {
    method: 'GET',
    path: /^\/v1\/models\/(?<id>.+)$/,
    open: async ({ id }) => ({ kind: 'models', dialect: await chat(), ...(id !== undefined && { id: decoded(id) }) }),
  },
  { method: 'GET', path: /^\/v1beta\/models$/, open: async () => ({ kind: 'models', dialect: await gemini() }) },
  {
    method: 'GET',
    path: /^\/v1beta\/models\/(?<id>.+)$/,
    open: async ({ id }) => ({ kind: 'models', dialect: await gemini(), ...(id !== undefined && { id: decoded(id) }) }),
  },
  { method: 'POST', path: /^\/v1\/uploads$/, open: async () => ({ kind: 'uploads', dialect: await chat() }) },
  { method: 'GET', path: /^\/v1\/key$/, open: async () => ({ kind: 'key', dialect: await chat() }) },
  { method: 'GET', path: /^\/v1\/generation$/, open: async () => ({ kind: 'generation', dialect: await chat() }) },
  { method: 'GET', path: /^\/health$/, open: async () => ({ kind: 'health', dialect: await chat() }) },
];

/** A part of a path without its percent-encoding; API Gateway may have taken it away already. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const dialectOfShape: Readonly<Record<ListShape, LoadDialect>> = { openai: chat, anthropic: messages, gemini };

/** A path without slashes at its end, or doubled behind the version by a base URL that ends in one. */
function plainPath(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '').replace(/^(\/v1(?:beta)?)\/{2,}/, '$1/') : path;
}

/** The dialect whose error bodies a path's clients understand, before anything else is known of a request. */
export async function dialectOfPath(given: string, headers: Readonly<Record<string, string>> = {}): Promise<Dialect> {
  const path = plainPath(given);
  const endpoint = await endpointRows.find((row) => row.path.test(path))?.open({});
  // The clients of all three ask for models at the same path.
  if (endpoint?.kind === 'models') return await dialectOfShape[listShape(path, headers)]();
  return endpoint?.dialect ?? (await dialectOfShape[listShape(path, headers)]());
}

/** What Google's clients call beside the methods of models that are served here (https://ai.google.dev/api). */
const googlesOwn = /^\/v1(beta)?\/(interactions|cachedContents|fileSearchStores|.+(:|%3[Aa])[A-Za-z]+)\b/;

/** What OpenAI's client calls beside what is served here (`resources` of https://github.com/openai/openai-node). */
const openAisOwn =
  /^\/v1\/(images|audio|chat|responses|conversations|files|uploads|batches|fine_tuning|vector_stores|containers|skills|agents|decisions|evals|videos|realtime|live|assistants|threads|organization)(\/|$)/;

function hintFor(path: string): string {
  if (path.startsWith('/v1/v1')) return 'The base URL of this client must not end in /v1: it adds that itself.';
  if (googlesOwn.test(path))
    return 'Of the methods of the Gemini API generateContent, streamGenerateContent and countTokens are served; for the others set the base URL to /v1/providers/google.';
  if (openAisOwn.test(path))
    return 'This gateway does not meter it; to send it to OpenAI as it is, set the base URL to /v1/providers/openai.';
  return 'Chat completions are at POST /v1/chat/completions, models at GET /v1/models.';
}

/**
 * Finds what a request is for.
 * @throws GatewayError `not_found`, or `invalid_request` with status 405 and `Allow`.
 */
export async function findEndpoint(method: string, path: string): Promise<Endpoint> {
  const trimmed = plainPath(path);
  const rows = endpointRows.filter((row) => row.path.test(trimmed));
  // HEAD is GET without the body (RFC 9110 section 9.3.2), and what many monitors send.
  const row = rows.find((candidate) => candidate.method === (method === 'HEAD' ? 'GET' : method) || candidate.method === 'ANY');
  if (row !== undefined) return await row.open(row.path.exec(trimmed)?.groups ?? {});
  if (rows.length === 0 || (method === 'POST' && googlesOwn.test(trimmed))) {
    throw new GatewayError('not_found', `There is nothing at ${JSON.stringify(path.slice(0, 200))}. ${hintFor(trimmed)}`);
  }
  const allowed = [...new Set(rows.map((candidate) => (candidate.method === 'GET' ? 'GET, HEAD' : candidate.method)))].join(', ');
  throw new GatewayError('invalid_request', `${trimmed} takes ${allowed}, not ${method}.`, { status: 405, headers: { allow: allowed } });
}
