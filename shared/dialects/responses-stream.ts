import { Buffer } from 'node:buffer';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import type { Usage } from '../calls/usage.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import { readChatFault, textOf } from './chat-completions-answer.ts';
import type { FrameReading, StreamState } from './dialect.ts';
import { withMember } from './json-splice.ts';
import { addToolName, readResponsesAnswer, readResponsesFault, readResponsesUsage, responsesFinishReason } from './responses-answer.ts';
import { type ResponsesSequence, responsesFrames, responsesUsageOf } from './responses-events.ts';
import { closeOutline, noteEvent, type ResponsesOutline } from './responses-outline.ts';
import { freshStreamState, silentReading } from './stream-state.ts';

/** What is remembered of a Responses stream. */
export interface ResponsesStreamState extends StreamState {
  readonly sequence: ResponsesSequence;
  readonly outline: ResponsesOutline;
  /** The response as the last event that carried it told it. */
  response: JsonObject | undefined;
}

export function startResponsesStream(): ResponsesStreamState {
  return { ...freshStreamState(true), sequence: { next: 0 }, outline: new Map(), response: undefined };
}

/** Reads one event of a Responses stream (https://platform.openai.com/docs/api-reference/responses-streaming). */
export function readResponsesFrame(state: ResponsesStreamState, frame: SseFrame): FrameReading {
  // A look-alike's habit: what speaks for the end here is response.completed.
  if (frame.data === undefined || frame.data === '' || frame.data.trim() === '[DONE]') return silentReading;
  const event: JsonValue = JSON.parse(frame.data);
  if (!isJsonObject(event)) throw new SyntaxError('an event of a Responses stream must be a JSON object');
  if (typeof event.sequence_number === 'number') state.sequence.next = event.sequence_number + 1;
  if (event.type === 'error' || frame.event === 'error') {
    const fault = readChatFault(event) ?? { status: undefined, code: undefined, type: undefined, message: 'The provider gave no reason.' };
    return { ...silentReading, fault: { ...fault, code: fault.code ?? textOf(event.code) } };
  }
  if (isJsonObject(event.response)) return readLifecycle(state, event.response, event.type);
  noteEvent(state.outline, event);
  return readProgress(state, event);
}

function readLifecycle(state: ResponsesStreamState, response: JsonObject, type: JsonValue | undefined): FrameReading {
  state.response = response;
  state.id ??= textOf(response.id);
  state.model ??= textOf(response.model);
  state.serviceTier = textOf(response.service_tier) ?? state.serviceTier;
  if (type === 'response.failed') {
    const fault = readResponsesFault({ ...response, object: 'response', status: 'failed' });
    return { ...silentReading, fault };
  }
  if (type !== 'response.completed' && type !== 'response.incomplete') return silentReading;
  const whole = readResponsesAnswer(response);
  state.ended = true;
  state.usage = readResponsesUsage(response);
  state.toolNames = whole.toolNames.length > 0 ? whole.toolNames : state.toolNames;
  state.finishReason = whole.finishReason ?? responsesFinishReason({ status: 'completed' }, state.toolNames.length > 0);
  // Who streams no pieces has shown everything now.
  const unseen = !state.hasContent && whole.outputBytes > 0;
  state.outputBytes = Math.max(state.outputBytes, whole.outputBytes);
  if (unseen) state.hasContent = true;
  return { ...silentReading, content: unseen, finalUsage: state.usage !== undefined };
}

function readProgress(state: ResponsesStreamState, event: JsonObject): FrameReading {
  const before = state.outputBytes;
  if (typeof event.delta === 'string') state.outputBytes += Buffer.byteLength(event.delta);
  else if (isJsonObject(event.item)) {
    const { item } = event;
    if (event.type === 'response.output_item.added' && (item.type === 'function_call' || item.type === 'custom_tool_call'))
      addToolName(state, item);
    // Reasoning that is not shown is sealed instead, and longer so.
    else if (event.type === 'response.output_item.done' && typeof item.encrypted_content === 'string')
      state.outputBytes += Buffer.byteLength(item.encrypted_content);
  }
  if (state.outputBytes === before) return silentReading;
  state.hasContent = true;
  return { ...silentReading, content: true };
}

/** Ended by its own mark: nothing else says that a response is whole. */
export function isResponsesComplete(state: ResponsesStreamState): boolean {
  return state.ended;
}

/** The end of a stream that the gateway cuts at the output it could afford: as if `max_output_tokens` was reached. */
export function truncateResponsesStream(state: ResponsesStreamState, usage: Usage, costUsd: string | undefined): SseFrame[] {
  const { events, output } = closeOutline(state.outline);
  const frames = responsesFrames(state.sequence, events);
  const response: JsonObject = {
    ...(state.response ?? { id: state.id ?? '', object: 'response', model: state.model ?? '' }),
    status: 'incomplete',
    incomplete_details: { reason: 'max_output_tokens' },
    output,
    usage: responsesUsageOf(usage),
  };
  const [ending] = responsesFrames(state.sequence, [{ type: 'response.incomplete', fields: { response } }]);
  state.finishReason = 'length';
  state.ended = true;
  if (ending === undefined) return frames;
  const priced = costUsd === undefined ? ending : sseFrame(withCostInResponse(ending.data ?? '', costUsd), ending.event);
  return [...frames, priced];
}

/** Puts `cost_usd` beside the usage: at the end of the response, which is the body itself or a member of an event. */
export function withCostInResponse(json: string, costUsd: string): string {
  const member = `"cost_usd":${costUsd}`;
  const event = withMember(json, ['response'], member);
  return event === json ? withMember(json, [], member) : event;
}
