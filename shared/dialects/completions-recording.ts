import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import type { RecordedEvent, Recording } from './recording.ts';

/** Legacy completions: the texts of each choice one after the other; a body is a stream of one chunk for all its choices. */
export const completionsRecording: Recording = {
  assemble,
  replay: ({ usage, ...rest }) => [
    sseFrame(JSON.stringify(rest)),
    ...(usage === undefined ? [] : [sseFrame(JSON.stringify({ ...rest, choices: [], usage }))]),
    sseFrame('[DONE]'),
  ],
};

function assemble(events: readonly RecordedEvent[]): JsonObject | undefined {
  const choices = new Map<number, JsonObject>();
  let body: JsonObject = {};
  for (const { data } of events) {
    if (data.trim() === '[DONE]') continue;
    const chunk: JsonValue = JSON.parse(data);
    if (!isJsonObject(chunk)) return undefined;
    const { choices: given, ...head } = chunk;
    body = { ...body, ...withoutNulls(head) };
    for (const choice of Array.isArray(given) ? given : []) {
      if (!isJsonObject(choice)) return undefined;
      // Probabilities come in lists whose parts are put together by nobody's rule.
      if (choice.logprobs != null && events.length > 2) return undefined;
      const index = typeof choice.index === 'number' ? choice.index : 0;
      const before = choices.get(index);
      choices.set(index, { ...before, ...choice, text: `${textIn(before)}${textIn(choice)}` });
    }
  }
  return { ...body, choices: [...choices.values()] };
}

function textIn(choice: JsonObject | undefined): string {
  return typeof choice?.text === 'string' ? choice.text : '';
}

function withoutNulls(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null));
}
