import { Buffer } from 'node:buffer';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import { GatewayError } from '../errors/gateway-error.ts';

/** A request, freed of the form API Gateway gave it. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  /** Lower-case names; of repeated headers the last. */
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** The whole query in order, repeated names included. */
  readonly queryPairs: readonly (readonly [name: string, value: string])[];
  readonly body: string | Buffer;
  readonly sourceIp: string;
}

/** Reads an event of an API Gateway REST API (payload version 1.0). */
export function readHttpRequest(event: APIGatewayProxyEvent): HttpRequest {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(event.headers ?? {})) {
    if (value !== undefined) headers[name.toLowerCase()] = value;
  }
  const query: Record<string, string> = {};
  for (const [name, value] of Object.entries(event.queryStringParameters ?? {})) {
    if (value !== undefined) query[name] = value;
  }
  const body = event.body ?? '';
  return {
    method: event.httpMethod,
    path: event.path,
    headers,
    query,
    queryPairs: Object.entries(event.multiValueQueryStringParameters ?? {}).flatMap(([name, values]) =>
      (values ?? []).map((value) => [name, value] as const),
    ),
    body: event.isBase64Encoded ? Buffer.from(body, 'base64') : body,
    sourceIp: event.requestContext?.identity?.sourceIp ?? '',
  };
}

/** Objects and arrays nested deeper than this are nobody's prompt, and break what walks them. */
const deepestNesting = 200;

/**
 * Parses a JSON object.
 * @throws GatewayError `invalid_request` for another content type, another charset than UTF-8 (415), for what is not JSON, not an object, or nested too deeply.
 */
export function readJsonBody(request: HttpRequest): { readonly body: JsonObject; readonly bytes: number } {
  const type = request.headers['content-type']?.trim();
  if (type !== undefined && !/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(type)) {
    throw unsupported('content-type', `The content type must be application/json, not ${JSON.stringify(type.slice(0, 80))}.`);
  }
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(type ?? '')?.[1];
  if (charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset)) {
    throw unsupported('content-type', `JSON is UTF-8, not ${JSON.stringify(charset.slice(0, 40))}. Send the body in UTF-8.`);
  }
  const text = typeof request.body === 'string' ? request.body : request.body.toString('utf8');
  if (text.trim() === '') throw new GatewayError('invalid_request', 'The request has no body. Send a JSON object.');
  if (nestsDeeperThan(text, deepestNesting)) {
    throw new GatewayError('invalid_request', `The request body is nested more than ${deepestNesting} levels deep.`);
  }
  const body = parseJson(text);
  if (!isJsonObject(body)) throw new GatewayError('invalid_request', 'The request body must be a JSON object.');
  return { body, bytes: Buffer.byteLength(text) };
}

/**
 * API Gateway hands a body over as text, which does not survive compression.
 * @throws GatewayError `invalid_request` (415) for a body that is compressed.
 */
export function refuseCompressed({ headers }: HttpRequest): void {
  const encoding = headers['content-encoding']?.trim();
  if (encoding === undefined || encoding === '' || encoding.toLowerCase() === 'identity') return;
  throw unsupported(
    'content-encoding',
    `Bodies must not be compressed, and this one is ${JSON.stringify(encoding.slice(0, 40))}. Send it as it is.`,
  );
}

function unsupported(param: string, message: string): GatewayError {
  return new GatewayError('invalid_request', message, { status: 415, param });
}

function parseJson(text: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new GatewayError('invalid_request', `The request body is not valid JSON${placeOf(cause)}.`);
  }
}

/** Where a text stops being JSON. V8 quotes what stands there, which is the caller's prompt: only the place or one character is told. */
function placeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return '';
  const { message } = cause;
  if (message.startsWith('Unexpected end') || message.startsWith('Unterminated')) return ': it ends too early';
  const [, line, column] = /line (\d+) column (\d+)/.exec(message) ?? [];
  if (line !== undefined) return `: see line ${line}, column ${column}`;
  const token = /^Unexpected token '([\x21-\x7e])'/.exec(message)?.[1];
  return token === undefined ? '' : `: ${token} stands where it cannot`;
}

const OPENING = new Set([123, 91]);
const CLOSING = new Set([125, 93]);
const QUOTE = 34;
const BACKSLASH = 92;

function nestsDeeperThan(text: string, limit: number): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      index = endOfString(text, index);
      if (index === -1) return false;
    } else if (OPENING.has(code)) {
      depth += 1;
      if (depth > limit) return true;
    } else if (CLOSING.has(code)) depth -= 1;
  }
  return false;
}

/** The closing quote of a string that opens at `start`: found by native search, since most of a body is strings. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
  return -1;
}
