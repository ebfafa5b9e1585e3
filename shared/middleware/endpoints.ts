import { chatCompletions } from '../dialects/chat-completions.ts';
import { completions } from '../dialects/completions.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { embeddings } from '../dialects/embeddings.ts';
import { gemini, geminiCounting } from '../dialects/gemini.ts';
import { images } from '../dialects/images.ts';
import { messages, messagesCounting } from '../dialects/messages.ts';
import { moderations } from '../dialects/moderations.ts';
import { rerank } from '../dialects/rerank.ts';
import { responses } from '../dialects/responses.ts';
import { speech } from '../dialects/speech.ts';
import { transcriptions } from '../dialects/transcriptions.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { type ListShape, listShape } from './list-models-shapes.ts';

/** What a path of the data plane is for. */
export type Endpoint =
  | { readonly kind: 'call'; readonly dialect: Dialect; readonly path: CallPath }
  | { readonly kind: 'count-tokens'; readonly dialect: Dialect; readonly path: CallPath }
  | { readonly kind: 'pass-through'; readonly dialect: Dialect; readonly provider: string; readonly path: string }
  | { readonly kind: 'models' | 'key' | 'health' | 'generation'; readonly dialect: Dialect; readonly id?: string };

/** What the path itself says of a call. */
interface CallPath {
  readonly model?: string;
  readonly action?: string;
}

interface EndpointRow {
  readonly method: 'GET' | 'POST' | 'ANY';
  readonly path: RegExp;
  readonly open: (groups: Readonly<Record<string, string | undefined>>) => Endpoint;
}

const call = (dialect: Dialect) => (): Endpoint => ({ kind: 'call', dialect, path: {} });

/** Every path of the data plane. */
const endpointRows: readonly EndpointRow[] = [
  // First, because what passes through may look like any other path.
  {
    method: 'ANY',
    path: /^\/v1\/providers\/(?<provider>[^/]+)\/(?<path>.+)$/,
    open: ({ provider = '', path = '' }) => ({ kind: 'pass-through', dialect: chatCompletions, provider: decoded(provider), path }),
  },
  { method: 'POST', path: /^\/v1\/chat\/completions$/, open: call(chatCompletions) },
  { method: 'POST', path: /^\/v1\/responses$/, open: call(responses) },
  { method: 'POST', path: /^\/v1\/messages$/, open: call(messages) },
  { method: 'POST', path: /^\/v1\/messages\/count_tokens$/, open: () => ({ kind: 'count-tokens', dialect: messagesCounting, path: {} }) },
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
    open: ({ model = '', action = '' }) => ({ kind: 'call', dialect: gemini, path: { model: decoded(model), action } }),
  },
  {
    method: 'POST',
    path: /^\/v1(?:beta)?\/(?:models\/)?(?<model>.+)(?::|%3[Aa])countTokens$/,
    open: ({ model = '' }) => ({ kind: 'count-tokens', dialect: geminiCounting, path: { model: decoded(model) } }),
  },
  { method: 'GET', path: /^\/v1\/models$/, open: () => ({ kind: 'models', dialect: chatCompletions }) },
  {
    method: 'GET',
    path: /^\/v1\/models\/(?<id>.+)$/,
    open: ({ id }) => ({ kind: 'models', dialect: chatCompletions, ...(id !== undefined && { id: decoded(id) }) }),
  },
  { method: 'GET', path: /^\/v1beta\/models$/, open: () => ({ kind: 'models', dialect: gemini }) },
  {
    method: 'GET',
    path: /^\/v1beta\/models\/(?<id>.+)$/,
    open: ({ id }) => ({ kind: 'models', dialect: gemini, ...(id !== undefined && { id: decoded(id) }) }),
  },
  { method: 'GET', path: /^\/v1\/key$/, open: () => ({ kind: 'key', dialect: chatCompletions }) },
  { method: 'GET', path: /^\/v1\/generation$/, open: () => ({ kind: 'generation', dialect: chatCompletions }) },
  { method: 'GET', path: /^\/health$/, open: () => ({ kind: 'health', dialect: chatCompletions }) },
];

/** A part of a path without its percent-encoding; API Gateway may have taken it away already. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const dialectOfShape: Readonly<Record<ListShape, Dialect>> = { openai: chatCompletions, anthropic: messages, gemini };

/** The dialect whose error bodies a path's clients understand, before anything else is known of a request. */
export function dialectOfPath(path: string, headers: Readonly<Record<string, string>> = {}): Dialect {
  const endpoint = endpointRows.find((row) => row.path.test(path))?.open({});
  // The clients of all three ask for models at the same path.
  if (endpoint?.kind === 'models') return dialectOfShape[listShape(path, headers)];
  return endpoint?.dialect ?? (path.startsWith('/v1beta/') ? gemini : chatCompletions);
}

/**
 * Finds what a request is for.
 * @throws GatewayError `not_found`, or `invalid_request` with status 405 and `Allow`.
 */
export function findEndpoint(method: string, path: string): Endpoint {
  const trimmed = path.length > 1 ? path.replace(/\/+$/, '') : path;
  const rows = endpointRows.filter((row) => row.path.test(trimmed));
  const row = rows.find((candidate) => candidate.method === method || candidate.method === 'ANY');
  if (row !== undefined) return row.open(row.path.exec(trimmed)?.groups ?? {});
  if (rows.length === 0) {
    throw new GatewayError(
      'not_found',
      `There is nothing at ${JSON.stringify(path.slice(0, 200))}. Chat completions are at POST /v1/chat/completions, models at GET /v1/models.`,
    );
  }
  const allowed = [...new Set(rows.map((candidate) => candidate.method))].join(', ');
  throw new GatewayError('invalid_request', `${trimmed} takes ${allowed}, not ${method}.`, { status: 405, headers: { allow: allowed } });
}
