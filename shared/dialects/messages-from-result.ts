import type { LanguageModelV4Content, LanguageModelV4FinishReason, LanguageModelV4GenerateResult } from '@ai-sdk/provider';
import type { Call } from '../calls/call.ts';
import { type JsonObject, type JsonValue, parsedJson } from '../calls/json.ts';
import { usageOf } from '../calls/usage.ts';
import { messagesUsageOf } from './messages-stream.ts';
import { carrierBlock, thinkingBlock } from './messages-thinking.ts';
import { carriedMetadata, toldMetadata } from './sealed-metadata.ts';
import { unifiedFinish } from './translated-finish.ts';
import { usageOfModel } from './translated-usage.ts';
import type { TranslatedHead } from './translation.ts';

/** The answer of a model as a whole message (https://platform.claude.com/docs/en/api/messages). */
export function messageFromResult(_call: Call, result: LanguageModelV4GenerateResult, head: TranslatedHead): JsonObject {
  const content = result.content.flatMap((part) => blocksOf(part));
  const callsTools = content.some((block) => block.type === 'tool_use');
  return {
    ...messageHead(head),
    content,
    ...stopOf(result.finishReason, callsTools),
    usage: messagesUsageOf(usageOfModel(result.usage) ?? usageOf({})),
  };
}

/** What stands at the top of every message. */
export function messageHead(head: TranslatedHead): JsonObject {
  return { id: `msg_${head.id}`, type: 'message', role: 'assistant', model: head.model };
}

const stopWords = {
  stop: 'end_turn',
  length: 'max_tokens',
  'content-filter': 'refusal',
  'tool-calls': 'tool_use',
  error: 'end_turn',
  interrupted: 'end_turn',
  other: 'end_turn',
} as const satisfies Record<LanguageModelV4FinishReason['unified'], string>;

/** Why a message ended, in Anthropic's words: the provider's own where it speaks them. */
export function stopOf(reason: LanguageModelV4FinishReason, callsTools: boolean): JsonObject {
  const unified = stopWords[unifiedFinish(reason)];
  const own = ownWords.find((word) => word === reason.raw);
  return { stop_reason: own ?? (unified === 'end_turn' && callsTools ? 'tool_use' : unified), stop_sequence: null };
}

const ownWords = ['stop_sequence', 'model_context_window_exceeded', 'pause_turn'] as const;

function blocksOf(part: LanguageModelV4Content): JsonObject[] {
  switch (part.type) {
    case 'text':
      if (part.text === '') return carriers(part.providerMetadata, '');
      return [{ type: 'text', text: part.text, citations: null }, ...carriers(part.providerMetadata, 'text')];
    case 'reasoning':
      if (part.text === '' && Object.keys(toldMetadata(part.providerMetadata)).length === 0) return [];
      return [thinkingBlock(part.text, part.providerMetadata)];
    case 'tool-call':
      if (part.providerExecuted === true) return [];
      return [
        { type: 'tool_use', id: part.toolCallId, name: part.toolName, input: inputOf(part.input) },
        ...carriers(part.providerMetadata, part.toolCallId),
      ];
    default:
      return [];
  }
}

function carriers(metadata: Parameters<typeof carriedMetadata>[0], belongsTo: string): JsonObject[] {
  const carried = carriedMetadata(metadata);
  return carried === undefined ? [] : [carrierBlock(carried, belongsTo)];
}

/** The input of a tool call; what is no JSON stays the text it is. */
function inputOf(text: string): JsonValue {
  return parsedJson(text.trim() === '' ? '{}' : text) ?? text;
}
