import * as z from 'zod';
import { GatewayError } from '../errors/gateway-error.ts';

const tagsSchema = z
  .record(z.string().min(1).max(64), z.string().max(256))
  .refine((tags) => Object.keys(tags).length <= 16, 'must hold at most 16 tags');

/** What a caller asks of the gateway itself, by headers. */
export interface CallOptions {
  readonly tags: Readonly<Record<string, string>>;
  readonly endUser: string | undefined;
  readonly session: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly maxCostNanoUsd: number | undefined;
  readonly idempotencyKey: string | undefined;
  readonly strict: boolean;
}

/**
 * Reads the `x-sluice-*` headers of a call.
 * @throws GatewayError `invalid_request` naming the header.
 */
export function readCallOptions(headers: Readonly<Record<string, string>>): CallOptions {
  return {
    tags: readTags(headers['x-sluice-tags']),
    endUser: readText(headers, 'x-sluice-user', 256),
    session: readText(headers, 'x-sluice-session', 256) ?? readAgentSession(headers),
    timeoutMs: readNumber(headers, 'x-sluice-timeout-ms', { least: 1, most: 900_000, whole: true }),
    maxCostNanoUsd: toNanoUsd(readNumber(headers, 'x-sluice-max-cost-usd', { least: 0, most: 9_000_000, whole: false })),
    idempotencyKey: readText(headers, 'idempotency-key', 255),
    strict: readFlag(headers, 'x-sluice-strict'),
  };
}

/**
 * Headers in which clients name their sessions of their own accord: OpenRouter's, Claude Code's, Codex's (two spellings)
 * and OpenCode's.
 */
const sessionHeaders = ['x-session-id', 'x-claude-code-session-id', 'session-id', 'session_id', 'x-opencode-session'];

/** Nobody meant these for us, so nothing about them is an error. */
function readAgentSession(headers: Readonly<Record<string, string>>): string | undefined {
  const value = sessionHeaders.map((name) => headers[name]?.trim()).find((text) => text !== undefined && text !== '');
  return value?.slice(0, 256);
}

function readTags(value: string | undefined): Readonly<Record<string, string>> {
  if (value === undefined) return {};
  const parsed = tagsSchema.safeParse(parseJson(value));
  if (parsed.success) return parsed.data;
  throw new GatewayError(
    'invalid_request',
    'x-sluice-tags must be a JSON object of strings, such as {"feature": "search"}: at most 16 tags, names of 64 and values of 256 characters.',
    {
      param: 'x-sluice-tags',
    },
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function readText(headers: Readonly<Record<string, string>>, name: string, longest: number): string | undefined {
  const value = headers[name]?.trim();
  if (value === undefined || value === '') return undefined;
  if (value.length <= longest) return value;
  throw new GatewayError('invalid_request', `${name} must be at most ${longest} characters.`, { param: name });
}

function readFlag(headers: Readonly<Record<string, string>>, name: string): boolean {
  const value = headers[name]?.trim().toLowerCase();
  if (value === undefined || value === '' || value === 'false') return false;
  if (value === 'true') return true;
  throw new GatewayError('invalid_request', `${name} must be true or false.`, { param: name });
}

function readNumber(
  headers: Readonly<Record<string, string>>,
  name: string,
  range: { readonly least: number; readonly most: number; readonly whole: boolean },
): number | undefined {
  const text = headers[name]?.trim();
  if (text === undefined || text === '') return undefined;
  const value = /^\d+(\.\d+)?(e-?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (value >= range.least && value <= range.most && (!range.whole || Number.isInteger(value))) return value;
  const kind = range.whole ? 'a whole number' : 'a number';
  throw new GatewayError('invalid_request', `${name} must be ${kind} from ${range.least} to ${range.most}.`, { param: name });
}

/** Rounded down: a cap never allows more than was written. */
function toNanoUsd(usd: number | undefined): number | undefined {
  return usd === undefined ? undefined : Math.floor(Number((usd * 1e9).toPrecision(15)));
}
