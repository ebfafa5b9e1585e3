import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import type { Usage } from '../calls/usage.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import { openAiError } from './chat-completions.ts';
import { readChatFault, textOf } from './chat-completions-answer.ts';
import { withCostBesideUsage } from './chat-completions-stream.ts';
import type { AnswerFacts, Dialect, FrameReading, StreamState } from './dialect.ts';
import { emptyFacts } from './empty-facts.ts';
import { freshStreamState, silentReading } from './stream-state.ts';

/** What sets one of OpenAI's endpoints without chat apart from the others. */
type EndpointParts = Pick<Dialect, 'name' | 'parse' | 'nativeBody' | 'readAnswer'> &
  Partial<Pick<Dialect, 'takesForm' | 'nativeForm' | 'usageOfBytes' | 'carriesMedia'>> & {
    /** Usage in an event of a stream. Without it the endpoint does not stream. */
    readonly readEventUsage?: (event: JsonObject, before: Usage | undefined) => Usage | undefined;
  };

/**
 * A dialect for one of the endpoints of OpenAI's API that carry no chat. Those that stream send typed events, whose
 * last one is a `….done` or `….completed` (https://platform.openai.com/docs/api-reference/audio/speech-audio-done-event).
 */
export function openAiEndpoint({ readEventUsage, ...parts }: EndpointParts): Dialect {
  return {
    ...parts,
    readFault: readChatFault,
    startStream: (call): StreamState => freshStreamState(call.streamUsage),
    readFrame: (state, frame) => readTypedEvent(state, frame, readEventUsage),
    isComplete: ({ ended }) => ended,
    closing: () => [],
    // A stream is cut by the gateway only where it is held in slices, which these never are.
    truncate: () => [],
    withCost: withCostBesideUsage,
    errorBody: openAiError,
    errorFrames: (error) => [sseFrame(JSON.stringify(openAiError(error)))],
    allowsComments: true,
    fixedOutput: true,
  };
}

function readTypedEvent(state: StreamState, frame: SseFrame, readEventUsage: EndpointParts['readEventUsage']): FrameReading {
  if (frame.data === undefined || frame.data === '') return silentReading;
  if (frame.data.trim() === '[DONE]') {
    state.ended = true;
    return silentReading;
  }
  const event: JsonValue = JSON.parse(frame.data);
  if (!isJsonObject(event)) throw new SyntaxError('an event of a stream must be a JSON object');
  const type = textOf(event.type) ?? frame.event ?? '';
  const fault = event.error == null && type !== 'error' ? undefined : readChatFault(event);
  if (fault !== undefined) return { ...silentReading, fault };
  state.hasContent = true;
  state.outputBytes += frame.data.length;
  const isLast = /\.(done|completed)$/.test(type);
  const usage = readEventUsage?.(event, state.usage);
  if (usage !== undefined) state.usage = usage;
  if (isLast) {
    state.ended = true;
    state.finishReason = 'stop';
  }
  return { ...silentReading, content: true, finalUsage: isLast && usage !== undefined };
}

/** The facts of an answer that has no more to say than its usage. */
export function factsOf(body: JsonObject, usage: Usage | undefined): AnswerFacts {
  return { ...emptyFacts(), usage, id: textOf(body.id), model: textOf(body.model), finishReason: 'stop' };
}
