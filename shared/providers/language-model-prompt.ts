import type { LanguageModelV4FilePart, LanguageModelV4Message, LanguageModelV4Prompt, LanguageModelV4TextPart } from '@ai-sdk/provider';

type UserPart = LanguageModelV4TextPart | LanguageModelV4FilePart;

/**
 * Puts files that tools answered with into the message of the user that follows, with a word of which call they belong
 * to: results of tools are text in Chat Completions
 * (https://platform.openai.com/docs/api-reference/chat/create#chat-create-messages), and OpenAI refuses anything else.
 */
export function withToolFilesAfter(prompt: LanguageModelV4Prompt): LanguageModelV4Prompt {
  const moved: LanguageModelV4Message[] = [];
  let files: UserPart[] = [];
  for (const message of prompt) {
    if (message.role === 'tool') {
      const parted = withoutFiles(message);
      moved.push(parted.message);
      files.push(...parted.files);
      continue;
    }
    if (files.length > 0 && message.role === 'user') moved.push({ ...message, content: [...files, ...message.content] });
    else moved.push(...asUser(files), message);
    files = [];
  }
  return [...moved, ...asUser(files)];
}

function asUser(content: UserPart[]): LanguageModelV4Message[] {
  return content.length === 0 ? [] : [{ role: 'user', content }];
}

function withoutFiles(message: Extract<LanguageModelV4Message, { role: 'tool' }>): {
  readonly message: LanguageModelV4Message;
  readonly files: UserPart[];
} {
  const files: UserPart[] = [];
  const content = message.content.map((part) => {
    if (part.type !== 'tool-result' || part.output.type !== 'content') return part;
    const found = part.output.value.filter((item) => item.type === 'file');
    if (found.length === 0) return part;
    files.push({ type: 'text', text: `Files of the result of tool call ${part.toolCallId}:` }, ...found);
    const note = { type: 'text' as const, text: 'The files of this result follow in the next message.' };
    return { ...part, output: { ...part.output, value: [...part.output.value.filter((item) => item.type !== 'file'), note] } };
  });
  return { message: { ...message, content }, files };
}

/**
 * Says how closely to look at an image where the caller does not: the Responses API's schema wants the word, and makes of
 * none what it makes of `auto` (https://platform.openai.com/docs/api-reference/responses/create#responses-create-input).
 */
export function withImageDetail(prompt: LanguageModelV4Prompt): LanguageModelV4Prompt {
  return prompt.map((message) => {
    if (message.role !== 'user') return message;
    const content = message.content.map((part) =>
      part.type === 'file' && part.mediaType.startsWith('image') && part.providerOptions?.openai?.imageDetail === undefined
        ? { ...part, providerOptions: { ...part.providerOptions, openai: { ...part.providerOptions?.openai, imageDetail: 'auto' } } }
        : part,
    );
    return { ...message, content };
  });
}

/** Leaves out images and other files that a model made, for providers whose models make none and take none of their own. */
export function withoutMadeFiles(prompt: LanguageModelV4Prompt): LanguageModelV4Prompt {
  if (!prompt.some(({ role, content }) => role === 'assistant' && content.some(({ type }) => type === 'file'))) return prompt;
  return prompt.map((message) =>
    message.role === 'assistant' ? { ...message, content: message.content.filter(({ type }) => type !== 'file') } : message,
  );
}

/** Puts instructions before everything else, in their order, for providers that keep them apart from messages. */
export function instructionsFirst(prompt: LanguageModelV4Prompt): LanguageModelV4Prompt {
  const isInstruction = (message: LanguageModelV4Message): boolean => message.role === 'system';
  const first = prompt.findIndex((message) => !isInstruction(message));
  if (first === -1 || !prompt.slice(first).some(isInstruction)) return prompt;
  return [...prompt.filter(isInstruction), ...prompt.filter((message) => !isInstruction(message))];
}
