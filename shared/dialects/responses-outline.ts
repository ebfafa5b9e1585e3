import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import { itemDone, partsOf, type ResponsesEvent } from './responses-events.ts';

/** What has been written of an item so far. */
interface OutlinedItem {
  item: JsonObject;
  readonly texts: Map<string, { readonly kind: string; readonly index: number; text: string }>;
  readonly closed: Set<string>;
  done: boolean;
}

/** The items of a stream as far as they were written, by their place in the output: what is needed to end it well before its time. */
export type ResponsesOutline = Map<number, OutlinedItem>;

/** Notes an event that adds to an item, writes a piece of it or closes it. */
export function noteEvent(outline: ResponsesOutline, event: JsonObject): void {
  if (typeof event.type !== 'string' || typeof event.output_index !== 'number') return;
  const known = outline.get(event.output_index);
  if (event.type === 'response.output_item.added' || event.type === 'response.output_item.done') {
    if (!isJsonObject(event.item)) return;
    const done = event.type === 'response.output_item.done';
    if (known === undefined) outline.set(event.output_index, { item: event.item, texts: new Map(), closed: new Set(), done });
    else Object.assign(known, { item: event.item, done });
    return;
  }
  if (known === undefined) return;
  const [, kind, step] = /^response\.(\w+)\.(delta|done)$/.exec(event.type) ?? [];
  if (kind === undefined) return;
  const index = indexOf(event.content_index ?? event.summary_index);
  const key = `${kind}:${index ?? ''}`;
  if (step === 'done') known.closed.add(key);
  else if (typeof event.delta === 'string') {
    const text = known.texts.get(key);
    if (text === undefined) known.texts.set(key, { kind, index: index ?? 0, text: event.delta });
    else text.text += event.delta;
  }
}

function indexOf(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

/** The events that close what is open, and the output as it stands then. */
export function closeOutline(outline: ResponsesOutline): { readonly events: ResponsesEvent[]; readonly output: JsonObject[] } {
  const events: ResponsesEvent[] = [];
  const output: JsonObject[] = [];
  for (const [index, outlined] of [...outline].sort(([one], [other]) => one - other)) {
    if (!outlined.done) {
      outlined.item = unfinished(outlined);
      outlined.done = true;
      for (const part of partsOf(outlined.item, index)) if (!outlined.closed.has(part.key)) events.push(...part.closing);
      events.push(itemDone(outlined.item, index));
    }
    output.push(outlined.item);
  }
  return { events, output };
}

function unfinished({ item, texts }: OutlinedItem): JsonObject {
  const of = (...kinds: string[]) =>
    [...texts.values()].filter(({ kind }) => kinds.includes(kind)).sort((one, other) => one.index - other.index);
  const [bare] = texts.values();
  const rest = { ...item, status: 'incomplete' };
  switch (item.type) {
    case 'message':
      return { ...rest, content: of('output_text', 'refusal').map(({ kind, text }) => contentOf(kind, text)) };
    case 'reasoning':
      return {
        ...rest,
        summary: of('reasoning_summary_text').map(({ text }) => ({ type: 'summary_text', text })),
        ...(item.content != null && { content: of('reasoning_text').map(({ kind, text }) => contentOf(kind, text)) }),
      };
    case 'function_call':
      return { ...rest, arguments: bare?.text ?? '' };
    case 'custom_tool_call':
      return { ...rest, input: bare?.text ?? '' };
    default:
      return rest;
  }
}

function contentOf(kind: string, text: string): JsonObject {
  if (kind === 'output_text') return { type: kind, annotations: [], logprobs: [], text };
  return kind === 'refusal' ? { type: kind, refusal: text } : { type: kind, text };
}
