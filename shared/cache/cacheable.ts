import type { Call, FinishReason } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import { finishReasonOf } from '../dialects/chat-completions-answer.ts';
import type { AnswerFacts, Dialect } from '../dialects/dialect.ts';
import type { CachePolicy } from './cache-policy.ts';

/** Bodies larger than this are not kept: what does not fit a buffered Lambda response is nobody's repeated question. */
export const largestBodyBytes = 6 * 1024 * 1024;

/**
 * Whether the cache may have a part in a call. A stream needs a dialect that can record one; an explicit temperature
 * above 0 asks for variety, so it needs to be opted in (by the operator, or by a caller who names a TTL), while a call
 * that says nothing of temperature is cached where the cache is on. What runs in the background or belongs to a
 * conversation that the provider keeps is never the same question twice. What a target replaces in the body counts as sent.
 */
export function isCacheable(
  call: Pick<Call, 'dialect' | 'body' | 'stream'>,
  dialect: Pick<Dialect, 'recording'>,
  policy: Pick<CachePolicy, 'nondeterministic'>,
  targets: readonly { readonly overrides: Readonly<JsonObject> }[],
): boolean {
  if (call.stream && dialect.recording === undefined) return false;
  if (call.dialect === 'speech') return false;
  const { background, conversation } = call.body;
  if (background === true || (conversation !== undefined && conversation !== null)) return false;
  if (policy.nondeterministic) return true;
  return targets.every(({ overrides }) => !isWarm({ ...call.body, ...overrides }));
}

/** Whether a body asks for variety by a temperature, which the text fields of a form hold as text. */
function isWarm({ temperature, generationConfig }: JsonObject): boolean {
  const warmth = temperature ?? (isJsonObject(generationConfig) ? generationConfig.temperature : undefined);
  return Number(warmth ?? 0) > 0;
}

/** Dialects whose answers do not end in a reason, because they are never cut short. */
const withoutFinishReason: ReadonlySet<Call['dialect']> = new Set(['embeddings', 'rerank', 'moderations', 'images', 'transcriptions']);

const normalEnds: ReadonlySet<FinishReason | undefined> = new Set(['stop', 'tool_calls']);

/**
 * Whether a finished answer may be kept: it ended because the model had said what it had to say, in every one of its
 * choices. Nothing that was filtered, cut at a length, or ended for reasons nobody knows.
 */
export function isKeepable(dialect: Call['dialect'], body: JsonObject, facts: Pick<AnswerFacts, 'finishReason'>): boolean {
  if (withoutFinishReason.has(dialect))
    return (facts.finishReason === undefined || normalEnds.has(facts.finishReason)) && isWhole(dialect, body);
  if (!normalEnds.has(facts.finishReason)) return false;
  return everyEndIsNormal(body.choices, 'finish_reason', finishReasonOf) && everyEndIsNormal(body.candidates, 'finishReason', geminiEnd);
}

/**
 * Whether an answer of a dialect without an end of its own holds what it is for. Images by a link are not kept: providers
 * let go of them within the hour (https://platform.openai.com/docs/api-reference/images/create).
 */
function isWhole(dialect: Call['dialect'], { data, results, text }: JsonObject): boolean {
  if (dialect === 'transcriptions') return typeof text === 'string';
  const list = dialect === 'embeddings' || dialect === 'images' ? data : results;
  if (!Array.isArray(list) || list.length === 0) return false;
  return dialect !== 'images' || !list.some((image) => isJsonObject(image) && typeof image.url === 'string' && /^https?:/i.test(image.url));
}

function everyEndIsNormal(
  list: JsonValue | undefined,
  field: string,
  read: (value: JsonValue | undefined) => FinishReason | undefined,
): boolean {
  if (!Array.isArray(list)) return true;
  return list.every((item) => isJsonObject(item) && normalEnds.has(read(item[field])));
}

/** https://ai.google.dev/api/generate-content#FinishReason */
function geminiEnd(value: JsonValue | undefined): FinishReason | undefined {
  return value === 'STOP' ? 'stop' : undefined;
}
