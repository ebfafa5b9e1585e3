import { createHash } from 'node:crypto';
import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue, parsedJson } from '../calls/json.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { DialectRequest, NativeTarget } from './dialect.ts';
import { invalidRequest } from './invalid-request.ts';
import { messagesContentFacts } from './messages-content.ts';
import { demandsOf } from './messages-demands.ts';
import { withCacheMarks } from './messages-prompt-cache.ts';
import { countTokensRequestSchema, type MessagesRequest, messagesRequestSchema } from './messages-schema.ts';
import { hostedToolsOf, type ToolAt, toolsOf, withToolUses } from './messages-server-tools.ts';
import { isSealed } from './sealed-metadata.ts';

/** Validates a Messages request and gathers what the gateway has to know of it. */
export function parseMessagesRequest(request: DialectRequest): Call {
  const parsed = messagesRequestSchema.safeParse(request.body);
  if (!parsed.success) throw invalidRequest(parsed.error);
  const messages = parsed.data;
  const tools = toolsOf(messages);
  refuseOtherModels(messages, tools);
  const hosted = hostedToolsOf(tools);
  const content = messagesContentFacts(messages, request.bodyBytes);
  const compacts = mayCompact(request.body);
  return {
    dialect: 'messages',
    model: messages.model,
    body: request.body,
    stream: messages.stream === true,
    streamUsage: true,
    maxOutputTokens: messages.max_tokens,
    choices: 1,
    endUser: endUserIn(messages.metadata?.user_id),
    serviceTier: requestedTier(messages),
    content: compacts ? { ...content, serverToolUses: (content.serverToolUses ?? 0) + 1 } : content,
    ...(compacts && { predictedTokens: messages.max_tokens }),
    ...(messages.fallbacks != null && { mayChangeModel: true }),
    ...(hosted && { units: hosted.units, hostedTools: hosted.tools }),
    demands: demandsOf(messages, hosted !== undefined),
    ...forwarded(request),
  };
}

/**
 * Validates a request to count tokens. The call is of the same dialect, without an output.
 * @throws GatewayError `invalid_request` naming the field and what it should be.
 */
export function parseCountTokensRequest(request: DialectRequest): Call {
  const parsed = countTokensRequestSchema.safeParse(request.body);
  if (!parsed.success) throw invalidRequest(parsed.error);
  return {
    dialect: 'messages',
    model: parsed.data.model,
    body: request.body,
    stream: false,
    streamUsage: true,
    maxOutputTokens: undefined,
    choices: 1,
    endUser: undefined,
    serviceTier: undefined,
    content: messagesContentFacts(parsed.data, request.bodyBytes),
    ...forwarded(request),
  };
}

/** What the body cannot say: the version of the API and its betas, in headers, and in the query (`?beta=true`). */
function forwarded(request: DialectRequest): Pick<Call, 'forwardedHeaders' | 'forwardedQuery'> {
  const forwardedHeaders: Record<string, string> = {};
  for (const name of ['anthropic-version', 'anthropic-beta']) {
    const value = request.headers[name];
    if (value !== undefined) forwardedHeaders[name] = value;
  }
  const { beta } = request.query;
  return { forwardedHeaders, ...(beta !== undefined && { forwardedQuery: { beta } }) };
}

/**
 * The end user of `metadata.user_id`. Claude Code writes its session into it too, as JSON or after `_session_`; what is
 * the same from one session to the next is the user.
 */
function endUserIn(userId: string | null | undefined): string | undefined {
  if (userId == null || userId === '') return undefined;
  const told = userId.startsWith('{') ? parsedJson(userId) : undefined;
  const ids = isJsonObject(told) ? [told.account_uuid, told.device_id] : [userId.replace(/_session_[0-9a-f-]{36}$/, '')];
  return ids.find((id): id is string => typeof id === 'string' && id !== '') ?? userId;
}

/**
 * Compaction reads the whole context once more and writes a summary of it, billed beside the answer
 * (https://platform.claude.com/docs/en/build-with-claude/compaction). A request for nothing but the summary is held for alike.
 */
function mayCompact({ context_management: management, compaction }: JsonObject): boolean {
  if (isJsonObject(compaction)) return true;
  if (!isJsonObject(management) || !Array.isArray(management.edits)) return false;
  return management.edits.some((edit) => isJsonObject(edit) && typeof edit.type === 'string' && edit.type.startsWith('compact'));
}

/** Fast mode and a fixed region cost more, each on top of the other; see the price list's service tiers. */
function requestedTier(request: MessagesRequest): string | undefined {
  const tiers = [request.speed === 'fast' ? 'fast' : '', request.inference_geo === 'us' ? 'us' : ''].filter((tier) => tier !== '');
  return tiers.length === 0 ? undefined : tiers.join('+');
}

/** Money is held for the model that is asked for, and keys are allowed models by name: another one inside the body would pass both by. */
function refuseOtherModels(request: MessagesRequest, tools: readonly ToolAt[]): void {
  if (Array.isArray(request.fallbacks)) {
    throw new GatewayError(
      'unsupported_parameter',
      "'fallbacks' names other models inside the request, for which no limit would hold. Name a route of the gateway that falls back instead.",
      { param: 'fallbacks' },
    );
  }
  const advisor = tools.find(({ tool }) => tool.type?.startsWith('advisor_'));
  if (advisor !== undefined) {
    throw new GatewayError(
      'unsupported_parameter',
      `'${advisor.at}' asks another model for advice, for which no limit would hold. Leave the advisor tool out.`,
      { param: advisor.at },
    );
  }
}

/** Least budget for thinking (https://platform.claude.com/docs/en/build-with-claude/extended-thinking). */
const leastThinkingBudget = 1024;

/** The caller's body for a provider that speaks Messages, with only what must differ changed. */
export function nativeMessagesBody(call: Call, target: NativeTarget): JsonObject {
  const body: JsonObject = { ...call.body, ...target.overrides, model: target.model };
  body.messages = withoutSealed(body.messages);
  if (target.stream) body.stream = true;
  else if (body.stream === true) body.stream = false;
  if (target.maxOutputTokens !== undefined) {
    body.max_tokens = target.maxOutputTokens;
    const thinking = thinkingWithin(body.thinking, target.maxOutputTokens);
    if (thinking !== undefined) body.thinking = thinking;
  }
  if (target.plainUserIds && isJsonObject(body.metadata)) body.metadata = plainMetadata(body.metadata);
  // A declined request stays declined, as it does on a model that knows no fallback
  // (https://platform.claude.com/docs/en/build-with-claude/refusals-and-fallback#billing-and-rate-limits).
  if (target.bounds?.ownModel) delete body.fallbacks;
  const uses = target.bounds?.toolUses;
  const bounded = uses === undefined ? body : withToolUses(body, uses);
  return target.keepsPrompt === undefined ? bounded : withCacheMarks(bounded, target.keepsPrompt);
}

/**
 * The caller's metadata with a user id of letters, digits and few signs. Where it holds others, what is the same for the user
 * in every session stands in its place, or a digest of it, so that a provider tells users apart as before.
 */
function plainMetadata({ user_id: userId, ...others }: JsonObject): JsonObject {
  if (typeof userId !== 'string' || plainUserId.test(userId)) return { ...others, ...(userId !== undefined && { user_id: userId }) };
  const user = endUserIn(userId) ?? userId;
  return { ...others, user_id: plainUserId.test(user) ? user : createHash('sha256').update(user).digest('hex') };
}

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html, `requestMetadata` */
const plainUserId = /^[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}$/;

/** A thinking budget must stay below `max_tokens`: it is lowered with it, and thinking is left out where nothing would be left. */
function thinkingWithin(thinking: unknown, maxTokens: number): JsonObject | undefined {
  if (!isJsonObject(thinking) || typeof thinking.budget_tokens !== 'number' || thinking.budget_tokens < maxTokens) return undefined;
  return maxTokens > leastThinkingBudget ? { ...thinking, budget_tokens: maxTokens - 1 } : { type: 'disabled' };
}

/**
 * The messages without the reasoning of other providers that the gateway sealed on an earlier turn: Anthropic refuses
 * signatures that are not its own. Without any, the very messages.
 */
function withoutSealed(messages: JsonValue | undefined): JsonValue {
  if (!Array.isArray(messages) || !messages.some(holdsSealed)) return messages ?? [];
  return messages.flatMap((message) => {
    if (!isJsonObject(message) || !Array.isArray(message.content)) return [message];
    const content = message.content.filter((block) => !isSealedBlock(block));
    return content.length === 0 ? [] : [{ ...message, content }];
  });
}

function holdsSealed(message: JsonValue): boolean {
  return isJsonObject(message) && message.role === 'assistant' && Array.isArray(message.content) && message.content.some(isSealedBlock);
}

function isSealedBlock(block: JsonValue): boolean {
  return (
    isJsonObject(block) &&
    ((block.type === 'thinking' && isSealed(block.signature)) || (block.type === 'redacted_thinking' && isSealed(block.data)))
  );
}

/** The caller's body for a provider's own count: as it came, but for the model and the reasoning of other providers. */
export function nativeCountTokensBody(call: Call, target: Pick<NativeTarget, 'model'>): JsonObject {
  return { ...call.body, model: target.model, messages: withoutSealed(call.body.messages) };
}
