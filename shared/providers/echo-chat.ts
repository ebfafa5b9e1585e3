import type { JsonObject } from '../calls/json.ts';
import { chatUsageOf } from '../dialects/chat-completions-stream.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import type { EchoScript } from './echo-script.ts';

const finishWords = {
  stop: 'stop',
  length: 'length',
  tool_calls: 'tool_calls',
  content_filter: 'content_filter',
  error: 'error',
  other: 'stop',
} as const;

interface Head {
  readonly id: string;
  readonly created: number;
  readonly model: string;
}

/** The script as a whole chat completion. */
export function echoChatBody(script: EchoScript, head: Head): JsonObject {
  const message: JsonObject = { role: 'assistant', content: script.toolCall === undefined ? script.pieces.join('') : null };
  if (script.reasoning.length > 0) message.reasoning_content = script.reasoning.join('');
  if (script.toolCall !== undefined) message.tool_calls = [toolCallOf(script.toolCall)];
  return {
    id: head.id,
    object: 'chat.completion',
    created: head.created,
    model: head.model,
    choices: [{ index: 0, message, finish_reason: finishWords[script.finishReason] }],
    usage: chatUsageOf(script.usage),
  };
}

/** The events of the script as a chat completion stream, in order; each content piece is one event. */
export function echoChatFrames(
  script: EchoScript,
  head: Head,
  withUsage: boolean,
): { opening: SseFrame; pieces: SseFrame[]; closing: SseFrame[] } {
  const base = { id: head.id, object: 'chat.completion.chunk', created: head.created, model: head.model };
  const chunk = (delta: JsonObject, finish: string | null = null): SseFrame =>
    sseFrame(JSON.stringify({ ...base, choices: [{ index: 0, delta, finish_reason: finish }] }));
  const pieces = [
    ...script.reasoning.map((text) => chunk({ reasoning_content: text })),
    ...script.pieces.map((text) => chunk({ content: text })),
    ...(script.toolCall === undefined ? [] : [chunk({ tool_calls: [{ index: 0, ...toolCallOf(script.toolCall) }] })]),
  ];
  const closing = [chunk({}, finishWords[script.finishReason])];
  if (withUsage) closing.push(sseFrame(JSON.stringify({ ...base, choices: [], usage: chatUsageOf(script.usage) })));
  return { opening: chunk({ role: 'assistant', content: '' }), pieces, closing: [...closing, sseFrame('[DONE]')] };
}

function toolCallOf(call: NonNullable<EchoScript['toolCall']>): JsonObject {
  return { id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } };
}
