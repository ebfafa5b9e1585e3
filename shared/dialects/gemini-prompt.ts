import type { LanguageModelV4FilePart, LanguageModelV4Message, LanguageModelV4ToolResultOutput } from '@ai-sdk/provider';
import { isJsonObject, type JsonValue } from '../calls/json.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { GeminiMediaPart, GeminiPart, GeminiRequest } from './gemini-schema.ts';
import { readSignature } from './gemini-signature.ts';

type AssistantContent = Extract<LanguageModelV4Message, { role: 'assistant' }>['content'];
type UserContent = Extract<LanguageModelV4Message, { role: 'user' }>['content'];
type ToolResult = Extract<Extract<LanguageModelV4Message, { role: 'tool' }>['content'][number], { type: 'tool-result' }>;

/** What is remembered from one turn to the next. */
interface Conversation {
  readonly prompt: LanguageModelV4Message[];
  readonly dropped: Set<string>;
  /** Calls whose results are still to come, in order. */
  readonly pending: { readonly id: string; readonly name: string }[];
  calls: number;
}

/** The contents of a Gemini request as a prompt of the AI SDK. Names of parts that find no place go to `dropped`. */
export function geminiPrompt(gemini: GeminiRequest, dropped: Set<string>): LanguageModelV4Message[] {
  const conversation: Conversation = { prompt: systemMessages(gemini), dropped, pending: [], calls: 0 };
  for (const [index, content] of gemini.contents.entries()) {
    const at = `contents.${index}`;
    const parts = content.parts ?? [];
    if (content.role === 'model') addModelTurn(conversation, parts, at);
    else addUserTurn(conversation, parts, at);
  }
  return conversation.prompt;
}

function systemMessages(gemini: GeminiRequest): LanguageModelV4Message[] {
  const system = gemini.systemInstruction ?? gemini.system_instruction;
  if (system == null) return [];
  const texts = typeof system === 'string' ? [system] : (system.parts ?? []).map(({ text }) => text ?? '');
  return texts.filter((text) => text !== '').map((content) => ({ role: 'system', content }));
}

function addUserTurn(conversation: Conversation, parts: readonly GeminiPart[], at: string): void {
  for (const [index, part] of parts.entries()) {
    const result = part.functionResponse ?? part.function_response;
    if (result !== undefined) addToolResult(conversation, result, `${at}.parts.${index}`);
    else {
      const piece = userPiece(part, `${at}.parts.${index}`, conversation.dropped);
      if (piece !== undefined) userContent(conversation).push(piece);
    }
  }
}

/** The content of the user's turn that is being written: one turn after results of tools, and one before them. */
function userContent({ prompt }: Conversation): UserContent {
  const last = prompt.at(-1);
  if (last?.role === 'user') return last.content;
  const content: UserContent = [];
  prompt.push({ role: 'user', content });
  return content;
}

function userPiece(part: GeminiPart, at: string, dropped: Set<string>): UserContent[number] | undefined {
  if (part.videoMetadata !== undefined) dropped.add('contents.parts.videoMetadata');
  if (part.text !== undefined) return { type: 'text', text: part.text };
  const file = filePart(part, at);
  if (file === undefined) dropped.add(`contents.parts.${Object.keys(part)[0] ?? 'part'}`);
  return file;
}

function filePart(part: GeminiMediaPart, at: string): LanguageModelV4FilePart | undefined {
  const inline = part.inlineData ?? part.inline_data;
  if (inline !== undefined)
    return {
      type: 'file',
      mediaType: inline.mimeType ?? inline.mime_type ?? 'application/octet-stream',
      data: { type: 'data', data: inline.data },
    };
  const reference = part.fileData ?? part.file_data;
  if (reference === undefined) return undefined;
  const uri = reference.fileUri ?? reference.file_uri ?? '';
  const url = URL.parse(uri);
  if (url === null || !/^https?:$/.test(url.protocol) || /(^|\.)googleapis\.com$/.test(url.hostname)) {
    throw new GatewayError(
      'unsupported_parameter',
      `'${at}.fileData.fileUri' must be an http or https URL for this model: its provider cannot read files that lie with Google. Send the file inline instead.`,
      { param: `${at}.fileData.fileUri` },
    );
  }
  return {
    type: 'file',
    mediaType: reference.mimeType ?? reference.mime_type ?? 'application/octet-stream',
    data: { type: 'url', url, originalUrl: uri },
  };
}

function addToolResult(conversation: Conversation, result: NonNullable<GeminiPart['functionResponse']>, at: string): void {
  const { prompt, pending } = conversation;
  // Calls without an id are answered in the order in which they were made.
  const wanted = pending.findIndex(({ id, name }) => (result.id == null ? name === result.name : id === result.id));
  const [call] = wanted === -1 ? [] : pending.splice(wanted, 1);
  const entry: ToolResult = {
    type: 'tool-result',
    toolCallId: call?.id ?? result.id ?? `call_${conversation.calls++}`,
    toolName: result.name,
    output: toolOutput(result, at),
  };
  const last = prompt.at(-1);
  if (last?.role === 'tool') last.content.push(entry);
  else prompt.push({ role: 'tool', content: [entry] });
}

/** A result in the fields that Google's clients use (`output`, `result`, `error`) is what it says; any other object is JSON. */
function toolOutput(result: NonNullable<GeminiPart['functionResponse']>, at: string): LanguageModelV4ToolResultOutput {
  const value: JsonValue = JSON.parse(JSON.stringify(result.response ?? {}));
  const media = (result.parts ?? []).flatMap((part, index) => filePart(part, `${at}.functionResponse.parts.${index}`) ?? []);
  if (media.length > 0) return { type: 'content', value: [{ type: 'text', text: JSON.stringify(value) }, ...media] };
  const entries = isJsonObject(value) ? Object.entries(value) : [];
  const [field, inner] = entries.length === 1 ? (entries[0] ?? []) : [];
  if (typeof inner === 'string' && (field === 'output' || field === 'result')) return { type: 'text', value: inner };
  if (field === 'error')
    return typeof inner === 'string' ? { type: 'error-text', value: inner } : { type: 'error-json', value: inner ?? null };
  return { type: 'json', value };
}

/** Clients keep the chunks of a stream as turns of their own; what belongs together is put together again. */
function addModelTurn(conversation: Conversation, parts: readonly GeminiPart[], at: string): void {
  const last = conversation.prompt.at(-1);
  const content: AssistantContent = last?.role === 'assistant' ? last.content : [];
  if (last?.role !== 'assistant') conversation.prompt.push({ role: 'assistant', content });
  for (const [index, part] of parts.entries()) addModelPart(conversation, content, part, `${at}.parts.${index}`);
}

function addModelPart(conversation: Conversation, content: AssistantContent, part: GeminiPart, at: string): void {
  const options = readSignature(part.thoughtSignature ?? part.thought_signature);
  const own = options === undefined ? {} : { providerOptions: options };
  const call = part.functionCall ?? part.function_call;
  if (call?.name !== undefined) {
    const id = call.id ?? `call_${conversation.calls++}`;
    conversation.pending.push({ id, name: call.name });
    content.push({ type: 'tool-call', toolCallId: id, toolName: call.name, input: call.args ?? {}, ...own });
    return;
  }
  if (part.text !== undefined) {
    addText(content, part.thought === true ? 'reasoning' : 'text', part.text, own);
    return;
  }
  const file = filePart(part, at);
  if (file === undefined) conversation.dropped.add(`contents.parts.${Object.keys(part)[0] ?? 'part'}`);
  else content.push({ ...file, ...own });
}

/** A text goes on until its signature has come, which ends it. */
function addText(
  content: AssistantContent,
  type: 'text' | 'reasoning',
  text: string,
  own: Pick<AssistantContent[number], 'providerOptions'>,
): void {
  const last = content.at(-1);
  if (last?.type === type && last.providerOptions === undefined) {
    last.text += text;
    Object.assign(last, own);
  } else if (text !== '' || own.providerOptions !== undefined) content.push({ type, text, ...own });
}
