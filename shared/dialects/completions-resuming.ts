import type { Call } from '../calls/call.ts';
import type { JsonObject } from '../calls/json.ts';
import { sumOfUsage, type Usage } from '../calls/usage.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import { choicesOf, readChatUsage } from './chat-completions-answer.ts';
import { chatUsageOf } from './chat-completions-stream.ts';
import { type AnswerSoFar, type ContinuationStyle, eventOf, noteHead, type Rest, type Resuming, saidText } from './resuming.ts';

/** Carries Completions on: going on with a text is all that the API does, so that every provider of it can. */
export const completionsResuming: Resuming = {
  field: 'prompt',
  styles: 'any',
  begin: ({ body, choices, stream }) => {
    // What stands after the gap, and what is told of each token, would be about another text.
    const plain = body.suffix == null && body.logprobs == null && body.echo !== true;
    return stream && choices === 1 && plain && promptOf(body) !== undefined ? new CompletionSoFar() : undefined;
  },
  continuation: ({ body }: Call, text: string): JsonObject => ({ prompt: `${promptOf(body) ?? ''}${text}` }),
};

function promptOf({ prompt }: JsonObject): string | undefined {
  const one = Array.isArray(prompt) && prompt.length === 1 ? prompt[0] : prompt;
  return typeof one === 'string' ? one : undefined;
}

class CompletionSoFar implements AnswerSoFar {
  #text = '';
  /** What every event of the stream says alike. */
  readonly #head: JsonObject = {};

  get text(): string | undefined {
    return saidText(this.#text);
  }

  add(frame: SseFrame): void {
    const chunk = eventOf(frame);
    if (chunk === undefined) return;
    noteHead(this.#head, chunk, ['id', 'created', 'model']);
    for (const { text } of choicesOf(chunk)) if (typeof text === 'string') this.#text += text;
  }

  carriedOn(_style: ContinuationStyle, before: Usage): Rest {
    return {
      join: (frame) => {
        const chunk = eventOf(frame);
        if (chunk === undefined) return [frame];
        const usage = readChatUsage(chunk.usage);
        const counted = usage !== undefined && { usage: chatUsageOf(sumOfUsage(usage, before)) };
        return [sseFrame(JSON.stringify({ ...chunk, ...this.#head, ...counted }), frame.event)];
      },
    };
  }
}
