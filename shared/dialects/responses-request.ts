import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { DialectRequest, NativeTarget } from './dialect.ts';
import { invalidRequest } from './invalid-request.ts';
import { responsesContentFacts } from './responses-content.ts';
import { boundHostedTools, hostedToolsOf } from './responses-hosted-tools.ts';
import { type ResponsesRequest, responsesRequestSchema } from './responses-schema.ts';
import { isSealed } from './sealed-metadata.ts';
import { nameServiceTier } from './service-tier.ts';

/** Validates a Responses request and gathers what the gateway has to know of it. */
export function parseResponsesRequest(request: DialectRequest): Call {
  const parsed = responsesRequestSchema.safeParse(request.body);
  if (!parsed.success) throw invalidRequest(parsed.error);
  const responses = parsed.data;
  check(responses);
  const hosted = hostedToolsOf(responses);
  const compacts = mayCompact(responses);
  const beta = request.headers['openai-beta'];
  return {
    dialect: 'responses',
    model: responses.model,
    body: request.body,
    stream: responses.stream === true,
    streamUsage: true,
    maxOutputTokens: responses.max_output_tokens ?? undefined,
    choices: 1,
    endUser: responses.user ?? responses.safety_identifier ?? undefined,
    serviceTier: responses.service_tier ?? undefined,
    content: responsesContentFacts(responses, request.bodyBytes, (hosted?.tools.uses ?? 0) + (compacts ? 1 : 0)),
    ...(compacts && { predictedTokens: responses.max_output_tokens ?? mostSummaryTokens }),
    ...(hosted && { units: hosted.units, hostedTools: hosted.tools }),
    forwardedHeaders: beta === undefined ? {} : { 'openai-beta': beta },
  };
}

/** A summary is not known to be longer than the longest answer of the models that write one. */
const mostSummaryTokens = 128_000;

/**
 * Whether the provider may compact what went before: it reads the whole context once more and writes a summary of it, beside
 * the answer (https://developers.openai.com/api/docs/guides/compaction).
 */
function mayCompact({ context_management: management, input }: ResponsesRequest): boolean {
  const asked = Array.isArray(management) && management.length > 0;
  return asked || (Array.isArray(input) && input.some(({ type }) => type === 'compaction_trigger'));
}

function check(request: ResponsesRequest): void {
  if (request.input === undefined && request.prompt == null && request.previous_response_id == null && request.conversation == null)
    throw new GatewayError('invalid_request', "'input' must be a string or an array of items.", { param: 'input' });
  if (request.background === true) {
    throw new GatewayError(
      'unsupported_parameter',
      "'background' is not supported: what such a response uses would be known only after this call is over. Stream it instead.",
      { param: 'background' },
    );
  }
}

/** The caller's body for a provider that speaks Responses, with only what must differ changed. */
export function nativeResponsesBody(call: Call, target: NativeTarget): JsonObject {
  const body: JsonObject = { ...call.body, ...target.overrides, model: target.model };
  if (target.stream) body.stream = true;
  else if (body.stream === true) body.stream = false;
  if (Array.isArray(body.input)) body.input = withoutSealed(body.input);
  if (target.maxOutputTokens !== undefined) body.max_output_tokens = target.maxOutputTokens;
  nameServiceTier(body, target);
  boundHostedTools(body, target);
  return body;
}

/**
 * The input without the reasoning and the images of other providers that the gateway sealed on an earlier turn: OpenAI
 * refuses encrypted content that is not its own. Without any, the very input.
 */
function withoutSealed(input: JsonValue[]): JsonValue[] {
  const isForeign = (item: JsonValue): boolean => isJsonObject(item) && isSealed(item.encrypted_content);
  return input.some(isForeign) ? input.filter((item) => !isForeign(item)) : input;
}
