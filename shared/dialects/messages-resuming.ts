import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import { sumOfUsage, type Usage } from '../calls/usage.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import { readMessagesUsage } from './messages-answer.ts';
import { messagesEvent, messagesUsageOf } from './messages-stream.ts';
import {
  type AnswerSoFar,
  asBeginning,
  type ContinuationStyle,
  eventOf,
  RepeatedSpace,
  type Rest,
  type Resuming,
  saidText,
} from './resuming.ts';

/** Carries Messages on: the answer so far goes along as a last message of the assistant. */
export const messagesResuming: Resuming = {
  field: 'messages',
  styles: ['assistant_message', 'prefill'],
  begin: (call) => (mayBegin(call) ? new MessageSoFar() : undefined),
  continuation: ({ body }: Call, text: string, style: ContinuationStyle): JsonObject => ({
    messages: [...messagesOf(body), { role: 'assistant', content: asBeginning(text, style) }],
  }),
};

function mayBegin({ body, stream }: Call): boolean {
  const { thinking, output_config: output, output_format: format } = body;
  const thinks = isJsonObject(thinking) && thinking.type !== 'disabled';
  const formatted = format != null || (isJsonObject(output) && output.format != null);
  const last = messagesOf(body).at(-1);
  // A caller may have begun the answer himself, in the very same way.
  return stream && !thinks && !formatted && isJsonObject(last) && last.role !== 'assistant';
}

function messagesOf({ messages }: JsonObject): readonly JsonValue[] {
  return Array.isArray(messages) ? messages : [];
}

class MessageSoFar implements AnswerSoFar {
  #text = '';
  /** Only one block of text, which has not been closed, can be written on. */
  #plain = true;
  #blocks = 0;

  get text(): string | undefined {
    return this.#plain && this.#blocks === 1 ? saidText(this.#text) : undefined;
  }

  add(frame: SseFrame): void {
    const event = eventOf(frame);
    switch (event?.type) {
      case 'content_block_start':
        this.#blocks += 1;
        this.#addText(event.content_block, 'text');
        return;
      case 'content_block_delta':
        this.#addText(event.delta, 'text_delta');
        return;
      case 'content_block_stop':
      case 'message_delta':
        this.#plain = false;
    }
  }

  carriedOn(style: ContinuationStyle, before: Usage): Rest {
    return new RestOfMessage(new RepeatedSpace(this.#text, style), before);
  }

  #addText(part: JsonValue | undefined, type: string): void {
    if (!isJsonObject(part) || part.type !== type) this.#plain = false;
    else if (typeof part.text === 'string') this.#text += part.text;
  }
}

/** What another model writes goes into the open block; whatever else it makes stands behind it. */
class RestOfMessage implements Rest {
  readonly #space: RepeatedSpace;
  readonly #before: Usage;
  /** Usage as told so far; later events repeat only some of its fields. */
  readonly #told: JsonObject = {};
  /** What is added to an index of the second stream; unknown until its first block has begun. */
  #shift: number | undefined;

  constructor(space: RepeatedSpace, before: Usage) {
    this.#space = space;
    this.#before = before;
  }

  join(frame: SseFrame): readonly SseFrame[] {
    const event = eventOf(frame);
    switch (event?.type) {
      case 'message_start':
        this.#note(isJsonObject(event.message) ? event.message.usage : undefined);
        return [];
      case 'content_block_start':
        return this.#begun(event);
      case 'content_block_delta':
        return [this.#moved({ ...event, delta: this.#stripped(event.delta) }, frame)];
      case 'content_block_stop':
        return [this.#moved(event, frame)];
      case 'message_delta':
        return this.#ended(event, frame);
      default:
        return [frame];
    }
  }

  #begun(event: JsonObject): readonly SseFrame[] {
    const block = isJsonObject(event.content_block) ? event.content_block : {};
    if (this.#shift !== undefined) return [this.#moved(event)];
    const isText = block.type === 'text';
    this.#shift = isText ? 0 : 1;
    if (!isText) return [messagesEvent({ type: 'content_block_stop', index: 0 }), this.#moved(event)];
    const text = typeof block.text === 'string' ? this.#space.strip(block.text) : '';
    return text === '' ? [] : [messagesEvent({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })];
  }

  #ended(event: JsonObject, frame: SseFrame): readonly SseFrame[] {
    this.#note(event.usage);
    // A model that had nothing to add never began a block; the one that is open is closed all the same.
    const closing = this.#shift === undefined ? [messagesEvent({ type: 'content_block_stop', index: 0 })] : [];
    const usage = readMessagesUsage(this.#told);
    const counted = usage !== undefined && { usage: { ...this.#told, ...messagesUsageOf(sumOfUsage(usage, this.#before)) } };
    return [...closing, sseFrame(JSON.stringify({ ...event, ...counted }), frame.event)];
  }

  #stripped(delta: JsonValue | undefined): JsonValue {
    if (!isJsonObject(delta)) return delta ?? null;
    return delta.type === 'text_delta' && typeof delta.text === 'string' ? { ...delta, text: this.#space.strip(delta.text) } : delta;
  }

  #moved(event: JsonObject, frame?: SseFrame): SseFrame {
    const index = typeof event.index === 'number' ? event.index : 0;
    return sseFrame(JSON.stringify({ ...event, index: index + (this.#shift ?? 0) }), frame?.event ?? String(event.type));
  }

  #note(usage: JsonValue | undefined): void {
    if (!isJsonObject(usage)) return;
    for (const [name, value] of Object.entries(usage)) if (value !== null) this.#told[name] = value;
  }
}
