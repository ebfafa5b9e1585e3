import { Buffer } from 'node:buffer';
import type {
  LanguageModelV4Content,
  LanguageModelV4File,
  LanguageModelV4FinishReason,
  LanguageModelV4GenerateResult,
  LanguageModelV4Source,
  SharedV4ProviderMetadata,
} from '@ai-sdk/provider';
import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import type { Usage } from '../calls/usage.ts';
import { responsesUsageOf } from './responses-events.ts';
import { customText, type DeclaredTool, declaredTools } from './responses-tools.ts';
import { carriedMetadata, seal, toldMetadata } from './sealed-metadata.ts';
import { unifiedFinish } from './translated-finish.ts';
import { usageOfModel } from './translated-usage.ts';
import type { TranslatedHead } from './translation.ts';

/** The answer of a model as a whole response (https://platform.openai.com/docs/api-reference/responses/object). */
export function responseFromResult(call: Call, result: LanguageModelV4GenerateResult, head: TranslatedHead): JsonObject {
  const tools = declaredTools(call);
  const output: JsonObject[] = [];
  for (const part of result.content) addPart(output, part, tools, head);
  return finishedResponse(responseHead(call, head), result.finishReason, output, usageOfModel(result.usage));
}

/** A response without its ending: what it echoes of the request, and what is known at its beginning. */
export function responseHead(call: Call, head: TranslatedHead): JsonObject {
  const { body } = call;
  return {
    id: `resp_${head.id}`,
    object: 'response',
    created_at: Math.floor(head.createdAtMs / 1000),
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    max_tool_calls: body.max_tool_calls ?? null,
    model: head.model,
    output: [],
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: null,
    prompt_cache_key: body.prompt_cache_key ?? null,
    reasoning: body.reasoning ?? { effort: null, summary: null },
    safety_identifier: body.safety_identifier ?? null,
    service_tier: 'default',
    store: false,
    temperature: body.temperature ?? 1,
    text: body.text ?? { format: { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_logprobs: 0,
    top_p: body.top_p ?? 1,
    truncation: 'disabled',
    usage: null,
    user: body.user ?? null,
    metadata: body.metadata ?? {},
  };
}

/** A response with its ending. */
export function finishedResponse(
  response: JsonObject,
  reason: LanguageModelV4FinishReason,
  output: JsonObject[],
  usage: Usage | undefined,
): JsonObject {
  const why = unifiedFinish(reason);
  const cut = why === 'length' ? 'max_output_tokens' : why === 'content-filter' ? 'content_filter' : undefined;
  return {
    ...response,
    status: cut === undefined ? 'completed' : 'incomplete',
    incomplete_details: cut === undefined ? null : { reason: cut },
    output,
    usage: usage === undefined ? null : responsesUsageOf(usage),
  };
}

function addPart(output: JsonObject[], part: LanguageModelV4Content, tools: readonly DeclaredTool[], head: TranslatedHead): void {
  const id = itemId(head, output.length);
  switch (part.type) {
    case 'text':
      if (part.text !== '') output.push(messageItem(id, part.text, part.providerMetadata));
      output.push(...carrierItems(part.providerMetadata, part.text === '' ? '' : 'text', itemId(head, output.length)));
      return;
    case 'reasoning':
      if (part.text !== '' || Object.keys(toldMetadata(part.providerMetadata)).length > 0)
        output.push(reasoningItem(id, part.text, part.providerMetadata));
      return;
    case 'tool-call':
      if (part.providerExecuted === true) return;
      output.push(callItem(id, { callId: part.toolCallId, exposed: part.toolName, input: part.input }, tools));
      output.push(...carrierItems(part.providerMetadata, part.toolCallId, itemId(head, output.length)));
      return;
    case 'file':
      output.push(...imageItems(id, part));
      return;
    case 'source':
      annotationsOf(output)?.push(...citations(part));
      return;
    default:
  }
}

/** The annotations of the last message of an output. */
function annotationsOf(output: readonly JsonObject[]): JsonValue[] | undefined {
  const content = output.findLast(({ type }) => type === 'message')?.content;
  const [part] = Array.isArray(content) ? content : [];
  return isJsonObject(part) && Array.isArray(part.annotations) ? part.annotations : undefined;
}

/** A source on the web as an annotation of the text that it belongs to; where in the text, only some providers tell. */
export function citations(part: LanguageModelV4Source): JsonObject[] {
  if (part.sourceType !== 'url') return [];
  return [{ type: 'url_citation', url: part.url, title: part.title ?? part.url, start_index: 0, end_index: 0 }];
}

/** An image that the model made, as OpenAI's own tool for images tells one. Other files have no place in a response. */
export function imageItems(id: string, { mediaType, data, providerMetadata }: LanguageModelV4File): JsonObject[] {
  if (!mediaType.startsWith('image/') || data.type !== 'data') return [];
  const result = typeof data.data === 'string' ? data.data : Buffer.from(data.data).toString('base64');
  const item = { id: `ig_${id}`, type: 'image_generation_call', status: 'completed', output_format: mediaType.slice(6), result };
  const sealed = carriedMetadata(providerMetadata);
  return [sealed === undefined ? item : { ...item, encrypted_content: seal(sealed) }];
}

/** What follows the prefix of an item's own id. */
export function itemId(head: TranslatedHead, index: number): string {
  return `${head.id}${String(index).padStart(4, '0')}`;
}

/** A message with one text. The phase that some models of OpenAI's give it comes back with it. */
export function messageItem(
  id: string,
  text: string,
  metadata: SharedV4ProviderMetadata | undefined,
  annotations: readonly JsonObject[] = [],
): JsonObject {
  const phase = metadata?.openai?.phase;
  return {
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text, annotations: [...annotations], logprobs: [] }],
    ...(typeof phase === 'string' && { phase }),
  };
}

/**
 * Reasoning: its text as a summary, and what its provider wants to see again, sealed, as encrypted content, and be it
 * nothing: so it is known for what it is when the conversation goes on with OpenAI, who takes no reasoning but its own.
 */
export function reasoningItem(id: string, text: string, metadata: SharedV4ProviderMetadata | undefined): JsonObject {
  return {
    id: `rs_${id}`,
    type: 'reasoning',
    summary: text === '' ? [] : [{ type: 'summary_text', text }],
    encrypted_content: seal(toldMetadata(metadata)),
  };
}

/** A tool call in the caller's own words for the tool. */
export function callItem(
  id: string,
  call: { readonly callId: string; readonly exposed: string; readonly input: string },
  tools: readonly DeclaredTool[],
): JsonObject {
  const tool = tools.find(({ exposed }) => exposed === call.exposed);
  const common = {
    call_id: call.callId,
    name: tool?.name ?? call.exposed,
    ...(tool?.namespace !== undefined && { namespace: tool.namespace }),
    status: 'completed',
  };
  if (tool?.custom === true) return { id: `ctc_${id}`, type: 'custom_tool_call', ...common, input: customText(call.input) };
  return { id: `fc_${id}`, type: 'function_call', ...common, arguments: call.input === '' ? '{}' : call.input };
}

/** What belongs to a text or a tool call, in a reasoning item of its own after it: clients send such items back as they are. */
export function carrierItems(metadata: SharedV4ProviderMetadata | undefined, belongsTo: string, id: string): JsonObject[] {
  const { phase: _told, ...openai } = metadata?.openai ?? {};
  const carried = carriedMetadata(metadata === undefined ? undefined : { ...metadata, ...(metadata.openai && { openai }) });
  return carried === undefined ? [] : [{ id: `rs_${id}`, type: 'reasoning', summary: [], encrypted_content: seal(carried, belongsTo) }];
}
