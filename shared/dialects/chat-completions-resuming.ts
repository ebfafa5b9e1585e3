import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import { sumOfUsage, type Usage } from '../calls/usage.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import { choicesOf, readChatUsage } from './chat-completions-answer.ts';
import { chatUsageOf } from './chat-completions-stream.ts';
import {
  type AnswerSoFar,
  asBeginning,
  type ContinuationStyle,
  continuationStyles,
  eventOf,
  noteHead,
  RepeatedSpace,
  type Rest,
  type Resuming,
  saidText,
} from './resuming.ts';

/** Carries Chat Completions on: one choice of plain text, whose beginning another provider gets as the last message. */
export const chatResuming: Resuming = {
  field: 'messages',
  styles: continuationStyles,
  begin: beginChat,
  continuation: chatContinuation,
};

function beginChat(call: Call): AnswerSoFar | undefined {
  const { body, choices, stream } = call;
  const { messages, response_format: format } = body;
  if (!stream || choices !== 1 || !Array.isArray(messages)) return undefined;
  // A text that has to be JSON as a whole is made under a grammar, which begins anew with every request.
  if (isJsonObject(format) && format.type !== 'text') return undefined;
  const last = messages.at(-1);
  // The caller has begun the answer already, in whatever way its own provider takes that.
  if (isJsonObject(last) && last.role === 'assistant') return undefined;
  return new ChatAnswerSoFar();
}

class ChatAnswerSoFar implements AnswerSoFar {
  #text = '';
  #plain = true;
  /** What every event of the stream says alike. */
  readonly #head: JsonObject = {};

  get text(): string | undefined {
    return this.#plain ? saidText(this.#text) : undefined;
  }

  add(frame: SseFrame): void {
    const chunk = eventOf(frame);
    if (chunk === undefined || !this.#plain) return;
    noteHead(this.#head, chunk, ['id', 'created', 'model']);
    for (const choice of choicesOf(chunk)) this.#addChoice(choice);
  }

  carriedOn(style: ContinuationStyle, before: Usage): Rest {
    const space = new RepeatedSpace(this.#text, style);
    return {
      join: (frame) => {
        const chunk = eventOf(frame);
        if (chunk === undefined) return [frame];
        const usage = readChatUsage(chunk.usage);
        const choices = choicesOf(chunk).map((choice) => joinedChoice(choice, space));
        if (usage === undefined && choices.every(saysNothing)) return [];
        const counted = usage !== undefined && { usage: chatUsageOf(sumOfUsage(usage, before)) };
        return [sseFrame(JSON.stringify({ ...chunk, ...this.#head, choices, ...counted }), frame.event)];
      },
    };
  }

  #addChoice({ delta, index }: JsonObject): void {
    if (typeof index === 'number' && index !== 0) this.#plain = false;
    if (!isJsonObject(delta)) return;
    for (const [field, value] of Object.entries(delta)) {
      if (field === 'content' && typeof value === 'string') this.#text += value;
      else if (field !== 'role' && !isEmpty(value)) this.#plain = false;
    }
  }
}

function joinedChoice(choice: JsonObject, space: RepeatedSpace): JsonObject {
  if (!isJsonObject(choice.delta)) return choice;
  const { role: _said, ...delta } = choice.delta;
  return { ...choice, delta: typeof delta.content === 'string' ? { ...delta, content: space.strip(delta.content) } : delta };
}

function saysNothing({ delta, finish_reason: finish }: JsonObject): boolean {
  return isEmpty(finish) && (!isJsonObject(delta) || Object.values(delta).every(isEmpty));
}

function isEmpty(value: JsonValue | undefined): boolean {
  return value == null || value === '' || (Array.isArray(value) && value.length === 0);
}

function chatContinuation({ body }: Call, text: string, style: ContinuationStyle): JsonObject {
  const begun: JsonObject = { role: 'assistant', content: asBeginning(text, style) };
  if (style === 'prefix' || style === 'partial') begun[style] = true;
  return {
    messages: [...(Array.isArray(body.messages) ? body.messages : []), begun],
    ...(style === 'continue_final_message' && { continue_final_message: true, add_generation_prompt: false }),
  };
}
