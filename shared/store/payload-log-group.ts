import * as z from 'zod';
import { type Payload, type PayloadStore, payloadSchema } from '../telemetry/payload.ts';
import { LogGroup, type LogGroupOptions } from './log-group.ts';
import { isPayloadId, payloadId } from './payload-id.ts';
import { startOfCall } from './record-keys.ts';

/** So many characters in an event: three bytes each at most, so that it stays below the 256 KB that every region takes. */
const partLength = 80_000;

/** A request takes 1,048,576 bytes of messages and 26 more for each. */
const mostBytesPut = 1_000_000;

/** So many payloads are asked for at once: a session has many, and the service lets few be searched for in a second. */
const mostSearches = 4;

/** A piece of a payload that is too long for one event. */
const partSchema = z.object({ id: z.string(), part: z.int().positive(), parts: z.int().positive(), text: z.string() });

/**
 * Payloads in a log group of their own in CloudWatch; encryption and expiry are the group's. One is one event, JSON as
 * it is, or several when it is long; its stream is the hour of the call and its time the call's start, both of which the
 * id says, so that it is found without a search through the group. It can be read some seconds after it was put.
 */
export class LogGroupPayloads implements PayloadStore {
  readonly #logGroup: LogGroup;
  #searching: Promise<unknown>[] = [];

  constructor(options: LogGroupOptions) {
    this.#logGroup = new LogGroup(options);
  }

  async put(payload: Payload): Promise<void> {
    const { stream, atMs } = placeOf(payloadId(payload.id));
    for (const messages of batched(messagesOf(payload)))
      await this.#logGroup.put(
        stream,
        messages.map((message) => ({ timestamp: atMs, message })),
      );
  }

  async get(id: string): Promise<Payload | undefined> {
    if (!isPayloadId(id) || startOfCall(id) === undefined) return undefined;
    const { stream, atMs } = placeOf(id);
    const messages = await this.#inTurn(() => this.#logGroup.find(stream, atMs, `{ $.id = "${id}" }`));
    return joined(messages);
  }

  async #inTurn<Found>(search: () => Promise<Found>): Promise<Found> {
    while (this.#searching.length >= mostSearches) await Promise.race(this.#searching);
    const found = search();
    const over = found.then(
      () => undefined,
      () => undefined,
    );
    this.#searching.push(over);
    try {
      return await found;
    } finally {
      this.#searching = this.#searching.filter((other) => other !== over);
    }
  }
}

/** @throws RangeError for an id without a time. */
function placeOf(id: string): { readonly stream: string; readonly atMs: number } {
  const atMs = startOfCall(id);
  if (atMs === undefined) throw new RangeError('a payload whose id is none of ours');
  return { stream: new Date(atMs).toISOString().slice(0, 13).replace('T', '/'), atMs };
}

function messagesOf(payload: Payload): string[] {
  const whole = JSON.stringify(payload);
  if (whole.length <= partLength) return [whole];
  const parts = Math.ceil(whole.length / partLength);
  return Array.from({ length: parts }, (_, index) =>
    JSON.stringify({ id: payload.id, part: index + 1, parts, text: whole.slice(index * partLength, (index + 1) * partLength) }),
  );
}

function batched(messages: readonly string[]): string[][] {
  const batches: string[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    const size = Buffer.byteLength(message) + 26;
    if (bytes + size > mostBytesPut) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)?.push(message);
    bytes += size;
  }
  return batches;
}

/** A payload out of its events, which may have come twice; undefined where there is none, or not all of it yet. */
function joined(messages: readonly string[]): Payload | undefined {
  const texts = new Map<number, string>();
  let parts = 0;
  for (const message of messages) {
    const value: unknown = JSON.parse(message);
    const part = partSchema.safeParse(value);
    if (!part.success) return payloadSchema.parse(value);
    texts.set(part.data.part, part.data.text);
    parts = part.data.parts;
  }
  if (parts === 0 || texts.size < parts) return undefined;
  const whole = [...texts].sort(([one], [other]) => one - other).map(([, text]) => text);
  return payloadSchema.parse(JSON.parse(whole.join('')));
}
