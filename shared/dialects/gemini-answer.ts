import { Buffer } from 'node:buffer';
import type { FinishReason } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue, objectsIn } from '../calls/json.ts';
import { reportedUsage, type Usage, wholeCount } from '../calls/usage.ts';
import { textOf } from './chat-completions-answer.ts';
import type { AnswerFacts, ProviderFault } from './dialect.ts';
import { emptyFacts } from './empty-facts.ts';
import { geminiUsageSchema } from './gemini-schema.ts';

/** Understands a whole `GenerateContentResponse`. */
export function readGeminiAnswer(body: JsonObject): AnswerFacts {
  const facts = emptyFacts();
  readGeminiHead(facts, body);
  for (const candidate of candidatesOf(body)) readGeminiCandidate(facts, candidate);
  if (blockReasonOf(body) !== undefined) facts.finishReason ??= 'content_filter';
  return facts;
}

export function candidatesOf(body: JsonObject): JsonObject[] {
  return objectsIn(body.candidates);
}

/** Why Google refused the prompt itself; such an answer has no candidates. */
export function blockReasonOf(body: JsonObject): string | undefined {
  const reason = isJsonObject(body.promptFeedback) ? textOf(body.promptFeedback.blockReason) : undefined;
  return reason === 'BLOCK_REASON_UNSPECIFIED' ? undefined : reason;
}

/** Reads what an answer or a chunk of one says about itself; the last chunk's usage is the whole stream's. */
export function readGeminiHead(facts: AnswerFacts, body: JsonObject): void {
  facts.id ??= textOf(body.responseId);
  facts.model ??= textOf(body.modelVersion);
  const searches = Math.max(facts.usage?.searches ?? 0, searchesIn(body, facts.model));
  const usage = readGeminiUsage(body.usageMetadata) ?? facts.usage;
  if (usage !== undefined) facts.usage = { ...usage, searches };
  if (isJsonObject(body.usageMetadata)) facts.serviceTier = textOf(body.usageMetadata.serviceTier)?.toLowerCase() ?? facts.serviceTier;
}

/** The parts of a candidate's content; none where there is no content. */
export function partsOf(candidate: JsonObject | undefined): JsonObject[] {
  const content = candidate?.content;
  return isJsonObject(content) ? objectsIn(content.parts) : [];
}

/** Reads one candidate; says whether the model made anything in it. */
export function readGeminiCandidate(facts: AnswerFacts, candidate: JsonObject): boolean {
  const parts = partsOf(candidate);
  let bytes = 0;
  for (const part of parts) {
    const { text, thoughtSignature: _signature, thought: _thought, ...rest } = part;
    if (typeof text === 'string') bytes += Buffer.byteLength(text);
    if (Object.keys(rest).length > 0) bytes += Buffer.byteLength(JSON.stringify(rest));
    const name = isJsonObject(part.functionCall) ? textOf(part.functionCall.name) : undefined;
    if (name !== undefined) facts.toolNames.push(name);
  }
  facts.outputBytes += bytes;
  const finish = geminiFinishReason(candidate.finishReason, facts.toolNames.length > 0);
  if (finish !== undefined) facts.finishReason ??= finish;
  return bytes > 0;
}

/** Google's finish reasons (https://ai.google.dev/api/generate-content#FinishReason) in the gateway's words. */
function geminiFinishReason(value: JsonValue | undefined, callsTool: boolean): FinishReason | undefined {
  switch (value) {
    case null:
    case undefined:
    case '':
    case 'FINISH_REASON_UNSPECIFIED':
      return undefined;
    case 'STOP':
      return callsTool ? 'tool_calls' : 'stop';
    case 'MAX_TOKENS':
    // At the limit of one request: the rest is asked for by another, with the candidate's `continuationToken`.
    case 'CONTINUATION':
      return 'length';
    case 'SAFETY':
    case 'RECITATION':
    case 'LANGUAGE':
    case 'BLOCKLIST':
    case 'PROHIBITED_CONTENT':
    case 'SPII':
    case 'IMAGE_SAFETY':
    case 'IMAGE_PROHIBITED_CONTENT':
    case 'IMAGE_RECITATION':
      return 'content_filter';
    case 'MALFORMED_FUNCTION_CALL':
    case 'UNEXPECTED_TOOL_CALL':
    case 'TOO_MANY_TOOL_CALLS':
    case 'MALFORMED_RESPONSE':
      return 'error';
    default:
      return 'other';
  }
}

/**
 * Usage in the gateway's words. Thoughts stand beside the candidates' tokens, and what Google's own tools read stands
 * beside the prompt; the total is never undercut.
 */
export function readGeminiUsage(value: JsonValue | undefined): Usage | undefined {
  const parsed = geminiUsageSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const usage = parsed.data;
  if (usage.promptTokenCount == null && usage.candidatesTokenCount == null && usage.totalTokenCount == null) return undefined;
  const input = wholeCount(usage.promptTokenCount) + wholeCount(usage.toolUsePromptTokenCount);
  const thoughts = wholeCount(usage.thoughtsTokenCount);
  const output = Math.max(wholeCount(usage.candidatesTokenCount) + thoughts, wholeCount(usage.totalTokenCount) - input);
  return reportedUsage({
    inputTokens: input,
    cachedInputTokens: Math.min(input, wholeCount(usage.cachedContentTokenCount)),
    outputTokens: output,
    reasoningTokens: thoughts,
    inputAudioTokens: Math.min(input, audioIn(usage.promptTokensDetails) + audioIn(usage.toolUsePromptTokensDetails)),
    outputAudioTokens: Math.min(output - thoughts, audioIn(usage.candidatesTokensDetails)),
  });
}

function audioIn(
  details: readonly { readonly modality?: string | null | undefined; readonly tokenCount?: number | null | undefined }[] | null | undefined,
): number {
  return (details ?? []).reduce((sum, { modality, tokenCount }) => sum + (modality === 'AUDIO' ? wholeCount(tokenCount) : 0), 0);
}

/**
 * Searches that are billed: each query from Gemini 3 on, one for a grounded prompt before
 * (https://ai.google.dev/gemini-api/docs/google-search#pricing).
 */
function searchesIn(body: JsonObject, model: string | undefined): number {
  const queries = candidatesOf(body).reduce((sum, { groundingMetadata }) => {
    if (!isJsonObject(groundingMetadata)) return sum;
    const { webSearchQueries, imageSearchQueries } = groundingMetadata;
    return sum + [webSearchQueries, imageSearchQueries].flatMap((found) => (Array.isArray(found) ? found : [])).length;
  }, 0);
  const mapped = candidatesOf(body).some(
    ({ groundingMetadata }) => isJsonObject(groundingMetadata) && hasMaps(groundingMetadata.groundingChunks),
  );
  const searches = Math.max(queries, mapped ? 1 : 0);
  return /gemini-[12]\b/.test(model ?? '') ? Math.min(1, searches) : searches;
}

/** Grounding with Maps names no queries; that there was some is seen by what it found. */
function hasMaps(chunks: JsonValue | undefined): boolean {
  return Array.isArray(chunks) && chunks.some((chunk) => isJsonObject(chunk) && isJsonObject(chunk.maps));
}

/** The fault in Google's error body (https://cloud.google.com/apis/design/errors). */
export function readGeminiFault(body: JsonObject): ProviderFault | undefined {
  const { error } = body;
  if (error == null) return undefined;
  if (!isJsonObject(error)) return { status: undefined, code: undefined, type: undefined, message: JSON.stringify(error).slice(0, 1000) };
  const details = objectsIn(error.details);
  const reason = textOf(details.find((detail) => detail.reason !== undefined)?.reason);
  const delay = /^(\d+(?:\.\d+)?)s$/.exec(textOf(details.find((detail) => detail.retryDelay !== undefined)?.retryDelay) ?? '')?.[1];
  const { code } = error;
  return {
    status: typeof code === 'number' && code >= 400 && code < 600 ? code : undefined,
    code: textOf(error.status) ?? reason,
    type: reason,
    message: textOf(error.message) ?? 'The provider gave no reason.',
    ...(delay !== undefined && { retryAfterMs: Math.ceil(Number(delay) * 1000) }),
  };
}
