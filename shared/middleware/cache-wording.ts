import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { largestBodyBytes } from '../cache/cacheable.ts';
import { type CachedAnswer, translatedAnswer } from '../cache/cached-answer.ts';
import { wordingOf } from '../cache/wording.ts';
import type { Call } from '../calls/call.ts';
import type { JsonValue } from '../calls/json.ts';
import type { TranslatedAnswer } from '../dialects/translation.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { Routed } from '../routing/journey.ts';
import type { CacheParts } from './cache-parts.ts';
import { type Exchange, known } from './exchange.ts';

/** The call in its targets' own words, where all of them are asked by translation and nothing gets lost on the way. */
export async function wordingOfCall(
  exchange: Exchange,
  call: Call,
  { translates }: Pick<CacheParts, 'translates'>,
): Promise<JsonValue[] | undefined> {
  const { dialect } = exchange;
  const { targets } = known(exchange.plan, 'plan');
  if (dialect.translation === undefined || !targets.every((target) => translates(target, dialect, call))) return undefined;
  try {
    return wordingOf(call, await dialect.translation(), targets);
  } catch {
    // What cannot be worded is refused where it is sent, in words of its own.
    return undefined;
  }
}

/** What an answer was before the dialect told it, where it was translated. */
export function translatedIn(routed: Routed): Exchange['translated'] {
  if (routed.kind === 'stream') return routed.translated;
  const translated = routed.kind === 'json' ? routed.answer.translated : undefined;
  return translated && (() => translated);
}

/** What a model answered, to be told in any dialect; undefined where it is not known whole or is too large. */
export function wordedAnswer({ cache, resumed, translated }: Exchange): Pick<CachedAnswer, 'dialect' | 'body' | 'etag'> | undefined {
  // Of an answer that another target carried on only the rest is known.
  const told = cache?.worded === true && resumed === undefined ? translated?.() : undefined;
  if (told === undefined) return undefined;
  // How it came is nobody's business later on.
  const { request: _request, response: _response, ...said } = told.result;
  const result = { ...said, warnings: [] };
  const body = JSON.stringify({ head: told.head, result }, (_name, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  );
  return body.length > largestBodyBytes ? undefined : { dialect: translatedAnswer, body, etag: etagOf(body) };
}

/**
 * A stored answer in the caller's dialect.
 * @throws GatewayError `internal_error` where it is of a dialect that cannot be told in the caller's.
 */
export async function toldInDialect(exchange: Exchange, answer: CachedAnswer): Promise<CachedAnswer> {
  const call = known(exchange.call, 'call');
  if (answer.dialect === call.dialect) return answer;
  const translation = await exchange.dialect.translation?.();
  if (answer.dialect !== translatedAnswer || translation === undefined)
    throw new GatewayError('internal_error', `A stored answer of ${answer.dialect} cannot be told in ${call.dialect}.`);
  const { head, result }: TranslatedAnswer = JSON.parse(answer.body);
  const body = JSON.stringify(translation.fromResult(call, result, head));
  return { ...answer, dialect: call.dialect, body, etag: etagOf(body) };
}

/** A strong validator: equal where the body is equal, byte for byte. */
export function etagOf(text: string): string {
  return `"${createHash('sha256').update(text).digest('hex').slice(0, 32)}"`;
}
