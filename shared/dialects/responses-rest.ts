import { isJsonObject, type JsonObject, type JsonValue, objectsIn } from '../calls/json.ts';
import { sumOfUsage, type Usage } from '../calls/usage.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { readResponsesUsage } from './responses-answer.ts';
import { itemDone, partsOf, type ResponsesEvent, responsesFrames, responsesUsageOf } from './responses-events.ts';
import { eventOf, type RepeatedSpace, type Rest } from './resuming.ts';

/** The message that was under way when a response broke off. */
export interface BegunMessage {
  readonly item: JsonObject;
  readonly outputIndex: number;
  readonly text: string;
  /** The response as its first events told it. */
  readonly response: JsonObject;
  readonly nextSequence: number;
}

/** What another model writes goes into the message under way; whatever else it makes stands behind it. */
export class RestOfResponse implements Rest {
  readonly #begun: BegunMessage;
  readonly #space: RepeatedSpace;
  readonly #before: Usage;
  readonly #sequence: { next: number };
  /** Where the items of the second stream stand in the first, by their places. */
  readonly #places = new Map<number, number>();
  /** The place of the message that writes on, in the second stream. */
  #joined: number | undefined;
  #text: string;

  constructor(begun: BegunMessage, space: RepeatedSpace, before: Usage) {
    this.#begun = begun;
    this.#space = space;
    this.#before = before;
    this.#sequence = { next: begun.nextSequence };
    this.#text = begun.text;
  }

  join(frame: SseFrame): readonly SseFrame[] {
    const event = eventOf(frame);
    if (typeof event?.type !== 'string') return [frame];
    const { type, sequence_number: _theirs, ...fields } = event;
    return responsesFrames(this.#sequence, this.#events(type, fields));
  }

  #events(type: string, fields: JsonObject): ResponsesEvent[] {
    if (isJsonObject(fields.response)) return this.#lifecycle(type, fields.response);
    if (type === 'response.output_item.added' && this.#isPlaced(fields)) return [];
    if (typeof fields.output_index !== 'number') return [{ type, fields }];
    if (fields.output_index !== this.#joined) return [{ type, fields: { ...fields, output_index: this.#placeOf(fields.output_index) } }];
    const told = this.#inMessage(type, fields);
    return told === undefined ? [] : [{ type, fields: { ...told, ...this.#here(fields) } }];
  }

  /** Whether an item that begins is the message that writes on: that one has begun before. */
  #isPlaced({ item, output_index: index }: JsonObject): boolean {
    if (typeof index !== 'number' || this.#joined !== undefined || !isJsonObject(item) || item.type !== 'message') return false;
    this.#joined = index;
    this.#places.set(index, this.#begun.outputIndex);
    return true;
  }

  #here(fields: JsonObject): JsonObject {
    const { item, outputIndex } = this.#begun;
    return { output_index: outputIndex, ...(fields.item_id !== undefined && { item_id: item.id ?? '' }) };
  }

  #placeOf(index: number): number {
    const place = this.#places.get(index) ?? this.#begun.outputIndex + 1 + this.#places.size - (this.#joined === undefined ? 0 : 1);
    this.#places.set(index, place);
    return place;
  }

  /** An event of the message that writes on; undefined for what was told before. */
  #inMessage(type: string, fields: JsonObject): JsonObject | undefined {
    if (type === 'response.output_item.done') return { ...fields, item: this.#whole(fields.item) };
    if (fields.content_index !== 0) return fields;
    switch (type) {
      case 'response.content_part.added':
        return undefined;
      case 'response.output_text.delta': {
        const delta = typeof fields.delta === 'string' ? this.#space.strip(fields.delta) : '';
        this.#text += delta;
        return delta === '' ? undefined : { ...fields, delta };
      }
      case 'response.output_text.done':
        return { ...fields, text: this.#text };
      case 'response.content_part.done':
        return { ...fields, part: { ...(isJsonObject(fields.part) ? fields.part : {}), text: this.#text } };
      default:
        return fields;
    }
  }

  #whole(item: JsonValue | undefined): JsonObject {
    const { id } = this.#begun.item;
    const told = isJsonObject(item) ? item : { type: 'message', role: 'assistant', status: 'completed' };
    const [first, ...others] = objectsIn(told.content);
    const text = { ...(first ?? { type: 'output_text', annotations: [], logprobs: [] }), text: this.#text };
    return { ...told, ...(id !== undefined && { id }), content: [text, ...others] };
  }

  #lifecycle(type: string, response: JsonObject): ResponsesEvent[] {
    if (type === 'response.created' || type === 'response.in_progress' || type === 'response.queued') return [];
    const { id, created_at, model } = this.#begun.response;
    const closing = this.#joined === undefined ? this.#closed() : [];
    const usage = readResponsesUsage(response);
    const told = {
      ...response,
      ...(id !== undefined && { id }),
      ...(created_at !== undefined && { created_at }),
      ...(model !== undefined && { model }),
      output: this.#output(objectsIn(response.output)),
      ...(usage !== undefined && { usage: responsesUsageOf(sumOfUsage(usage, this.#before)) }),
    };
    return [...closing, { type, fields: { response: told } }];
  }

  #output(items: readonly JsonObject[]): JsonObject[] {
    const placed = items.map((item, index) => ({
      item: index === this.#joined ? this.#whole(item) : item,
      place: this.#placeOf(index),
    }));
    const all = this.#joined === undefined ? [{ item: this.#whole(undefined), place: this.#begun.outputIndex }, ...placed] : placed;
    return all.sort((one, other) => one.place - other.place).map(({ item }) => item);
  }

  /** A model that had nothing to add never wrote on; the message is closed all the same. */
  #closed(): ResponsesEvent[] {
    const item = this.#whole(undefined);
    const { outputIndex } = this.#begun;
    return [...partsOf(item, outputIndex).flatMap(({ closing }) => closing), itemDone(item, outputIndex)];
  }
}
