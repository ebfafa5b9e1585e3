import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import type { Usage } from '../calls/usage.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { type BegunMessage, RestOfResponse } from './responses-rest.ts';
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

/** Carries Responses on: the answer so far goes along as a last message of the assistant. */
export const responsesResuming: Resuming = {
  field: 'input',
  styles: ['assistant_message', 'prefill'],
  begin: (call) => (mayBegin(call) ? new ResponseSoFar() : undefined),
  continuation: ({ body }: Call, text: string, style: ContinuationStyle): JsonObject => ({
    input: [...itemsOf(body), { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: asBeginning(text, style) }] }],
  }),
};

function mayBegin({ body, stream }: Call): boolean {
  // What one provider keeps of a conversation, no other has.
  const stays = body.previous_response_id != null || body.conversation != null || body.prompt != null || body.background === true;
  const { text } = body;
  const format = isJsonObject(text) && isJsonObject(text.format) ? text.format.type : undefined;
  const last = itemsOf(body).at(-1);
  return stream && !stays && (format == null || format === 'text') && isJsonObject(last) && last.role !== 'assistant';
}

function itemsOf({ input }: JsonObject): readonly JsonValue[] {
  if (typeof input === 'string') return [{ type: 'message', role: 'user', content: input }];
  return Array.isArray(input) ? input : [];
}

class ResponseSoFar implements AnswerSoFar {
  #text = '';
  /** Only one message of one text, which has not been closed, can be written on. */
  #plain = true;
  #sequence = 0;
  #response: JsonObject = {};
  #item: JsonObject | undefined;
  #outputIndex = 0;

  get text(): string | undefined {
    return this.#plain && this.#item !== undefined ? saidText(this.#text) : undefined;
  }

  add(frame: SseFrame): void {
    const event = eventOf(frame);
    if (event === undefined) return;
    if (typeof event.sequence_number === 'number') this.#sequence = event.sequence_number + 1;
    switch (event.type) {
      case 'response.created':
      case 'response.in_progress':
      case 'response.queued':
        if (isJsonObject(event.response)) this.#response = event.response;
        return;
      case 'response.output_item.added':
        this.#begun(event);
        return;
      case 'response.content_part.added':
        if (!isJsonObject(event.part) || event.part.type !== 'output_text' || event.content_index !== 0) this.#plain = false;
        return;
      // Sent while a model is silent, and about nothing.
      case 'keepalive':
        return;
      case 'response.output_text.delta':
        if (typeof event.delta === 'string') this.#text += event.delta;
        return;
      default:
        this.#plain = false;
    }
  }

  carriedOn(style: ContinuationStyle, before: Usage): Rest {
    const message: BegunMessage = {
      item: this.#item ?? {},
      outputIndex: this.#outputIndex,
      text: this.#text,
      response: this.#response,
      nextSequence: this.#sequence,
    };
    return new RestOfResponse(message, new RepeatedSpace(this.#text, style), before);
  }

  #begun({ item, output_index: index }: JsonObject): void {
    if (this.#item !== undefined || !isJsonObject(item) || item.type !== 'message') this.#plain = false;
    else this.#item = item;
    if (typeof index === 'number') this.#outputIndex = index;
  }
}
