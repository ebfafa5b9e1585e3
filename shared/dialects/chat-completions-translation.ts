import { chatFromResult } from './chat-completions-from-result.ts';
import { type ChatParts, chatPartFrames, startChatParts } from './chat-completions-parts.ts';
import { chatToOptions } from './chat-completions-to-options.ts';
import type { Translation } from './translation.ts';

/** Carries chat completions to providers of other dialects. A chunk of its own: most deployments speak to OpenAI-compatible ones alone. */
export const chatTranslation: Translation<ChatParts> = {
  toOptions: chatToOptions,
  fromResult: chatFromResult,
  startParts: startChatParts,
  partFrames: chatPartFrames,
};
