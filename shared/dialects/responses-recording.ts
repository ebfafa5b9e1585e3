import { isJsonObject, type JsonObject, type JsonValue, objectsIn } from '../calls/json.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import type { RecordedEvent, Recording } from './recording.ts';
import { itemEvents, responsesFrames } from './responses-events.ts';

/** Responses between events and bodies (https://platform.openai.com/docs/api-reference/responses-streaming). */
export const responsesRecording: Recording = { assemble: assembleResponse, replay: replayResponse };

/** The last event brings the whole response; who leaves its output out there has told it item by item. */
function assembleResponse(events: readonly RecordedEvent[]): JsonObject | undefined {
  const items = new Map<number, JsonObject>();
  let response: JsonObject | undefined;
  for (const { data } of events) {
    if (data === '' || data.trim() === '[DONE]') continue;
    const event: JsonValue = JSON.parse(data);
    if (!isJsonObject(event) || event.type === 'error' || event.type === 'response.failed') return undefined;
    if (event.type === 'response.output_item.done' && typeof event.output_index === 'number' && isJsonObject(event.item))
      items.set(event.output_index, event.item);
    const isLast = event.type === 'response.completed' || event.type === 'response.incomplete';
    if (isLast && isJsonObject(event.response)) response = event.response;
  }
  if (response === undefined) return undefined;
  if (objectsIn(response.output).length > 0 || items.size === 0) return response;
  return { ...response, output: [...items].sort(([one], [other]) => one - other).map(([, item]) => item) };
}

function replayResponse(body: JsonObject): SseFrame[] {
  const begun = { ...body, status: 'in_progress', output: [], usage: null, incomplete_details: null };
  const end = body.status === 'incomplete' ? 'response.incomplete' : 'response.completed';
  return responsesFrames({ next: 0 }, [
    { type: 'response.created', fields: { response: begun } },
    { type: 'response.in_progress', fields: { response: begun } },
    ...objectsIn(body.output).flatMap(itemEvents),
    { type: end, fields: { response: body } },
  ]);
}
