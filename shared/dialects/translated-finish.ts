import type { LanguageModelV4FinishReason } from '@ai-sdk/provider';
import { finishReasonOf } from './chat-completions-answer.ts';

/** The provider's words that say that there was no room left, whichever provider it is. */
const noRoom = ['model_context_window_exceeded', 'context_window_exceeded'];

/** Why an answer ended: the package's word, and where it knows no better than `other`, what the provider's own word means. */
export function unifiedFinish({ unified, raw }: LanguageModelV4FinishReason): LanguageModelV4FinishReason['unified'] {
  if (unified !== 'other' || raw === undefined) return unified;
  if (noRoom.includes(raw)) return 'length';
  switch (finishReasonOf(raw)) {
    case 'stop':
      return 'stop';
    case 'length':
      return 'length';
    case 'tool_calls':
      return 'tool-calls';
    case 'content_filter':
      return 'content-filter';
    default:
      return unified;
  }
}
