import { Buffer } from 'node:buffer';
import type {
  LanguageModelV4Content,
  LanguageModelV4File,
  LanguageModelV4FinishReason,
  LanguageModelV4GenerateResult,
  LanguageModelV4Source,
  LanguageModelV4StreamPart,
  LanguageModelV4ToolCall,
  SharedV4ProviderMetadata,
} from '@ai-sdk/provider';
import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import type { SseFrame } from '../streaming/sse-reader.ts';
import { sseFrame } from '../streaming/sse-writer.ts';
import { signatureOf } from './gemini-signature.ts';
import { geminiUsageOf } from './gemini-stream.ts';
import { unifiedFinish } from './translated-finish.ts';
import { usageOfModel } from './translated-usage.ts';
import type { TranslatedHead } from './translation.ts';

/** Why an answer ended, in Google's words. A call of tools is an ordinary stop there. */
const finishWords = {
  stop: 'STOP',
  length: 'MAX_TOKENS',
  'content-filter': 'SAFETY',
  'tool-calls': 'STOP',
  error: 'OTHER',
  interrupted: 'OTHER',
  other: 'OTHER',
} as const satisfies Record<LanguageModelV4FinishReason['unified'], string>;

/** The answer of a model as a `GenerateContentResponse`. */
export function geminiFromResult(_call: Call, result: LanguageModelV4GenerateResult, head: TranslatedHead): JsonObject {
  const usage = usageOfModel(result.usage);
  const sources = result.content.filter((part) => part.type === 'source');
  return {
    candidates: [
      {
        content: { parts: result.content.flatMap(partOf), role: 'model' },
        finishReason: finishWords[unifiedFinish(result.finishReason)],
        index: 0,
        ...grounding(sources),
      },
    ],
    ...(usage && { usageMetadata: geminiUsageOf(usage) }),
    modelVersion: head.model,
    responseId: head.id,
  };
}

function partOf(part: LanguageModelV4Content): JsonObject[] {
  switch (part.type) {
    case 'text':
      return part.text === '' && part.providerMetadata === undefined ? [] : [{ text: part.text, ...signed(part.providerMetadata) }];
    case 'reasoning':
      return [{ text: part.text, thought: true, ...signed(part.providerMetadata) }];
    case 'tool-call':
      return part.providerExecuted === true ? [] : [functionCall(part)];
    case 'file':
      return [inlineData(part)];
    default:
      return [];
  }
}

function signed(metadata: SharedV4ProviderMetadata | undefined): JsonObject {
  const signature = signatureOf(metadata);
  return signature === undefined ? {} : { thoughtSignature: signature };
}

function functionCall(part: LanguageModelV4ToolCall): JsonObject {
  return { functionCall: { id: part.toolCallId, name: part.toolName, args: argumentsOf(part.input) }, ...signed(part.providerMetadata) };
}

/** Google's arguments are an object; a model that wrote something else is quoted. */
function argumentsOf(input: string): JsonObject {
  try {
    const value: JsonValue = input.trim() === '' ? {} : JSON.parse(input);
    return isJsonObject(value) ? value : { input: value };
  } catch {
    return { input };
  }
}

function inlineData(part: LanguageModelV4File): JsonObject {
  const { data } = part;
  if (data.type === 'url') return { fileData: { mimeType: part.mediaType, fileUri: data.url.toString() } };
  const base64 = typeof data.data === 'string' ? data.data : Buffer.from(data.data).toString('base64');
  return { inlineData: { mimeType: part.mediaType, data: base64 }, ...signed(part.providerMetadata) };
}

function grounding(sources: readonly LanguageModelV4Source[]): JsonObject {
  const chunks = sources.flatMap((source) =>
    source.sourceType === 'url' ? [{ web: { uri: source.url, ...(source.title !== undefined && { title: source.title }) } }] : [],
  );
  return chunks.length === 0 ? {} : { groundingMetadata: { groundingChunks: chunks } };
}

/** What is remembered while a model's stream becomes a Gemini stream. */
export interface GeminiParts {
  readonly head: JsonObject;
  /** Signatures of blocks that are open, by block. */
  readonly signatures: Map<string, SharedV4ProviderMetadata>;
  readonly sources: LanguageModelV4Source[];
}

export function startGeminiParts(_call: Call, head: TranslatedHead): GeminiParts {
  return { head: { modelVersion: head.model, responseId: head.id }, signatures: new Map(), sources: [] };
}

/** The events for one part: a chunk with a part of its own for each piece of text, each thought and each whole call. */
export function geminiPartFrames(state: GeminiParts, part: LanguageModelV4StreamPart): SseFrame[] {
  switch (part.type) {
    case 'text-start':
    case 'reasoning-start':
      keepSignature(state, part);
      return [];
    case 'text-delta':
    case 'reasoning-delta':
      keepSignature(state, part);
      return part.delta === '' ? [] : [chunk(state, { text: part.delta, ...(part.type === 'reasoning-delta' && { thought: true }) })];
    case 'text-end':
    case 'reasoning-end':
      keepSignature(state, part);
      return closing(state, part.id, part.type === 'reasoning-end');
    case 'tool-call':
      return part.providerExecuted === true ? [] : [chunk(state, functionCall(part))];
    case 'file':
      return [chunk(state, inlineData(part))];
    case 'source':
      state.sources.push(part);
      return [];
    case 'finish':
      return [ending(state, part)];
    default:
      return [];
  }
}

/** Providers tell what they want to see again at the start, in the middle or at the end of a block. */
function keepSignature(state: GeminiParts, part: { readonly id: string; readonly providerMetadata?: SharedV4ProviderMetadata }): void {
  if (part.providerMetadata === undefined) return;
  const kept = { ...state.signatures.get(part.id) };
  for (const [key, value] of Object.entries(part.providerMetadata)) kept[key] = { ...kept[key], ...value };
  state.signatures.set(part.id, kept);
}

/** The signature comes when the block is whole, as Google sends it: in a part without text. */
function closing(state: GeminiParts, id: string, thought: boolean): SseFrame[] {
  const signature = signatureOf(state.signatures.get(id));
  state.signatures.delete(id);
  return signature === undefined ? [] : [chunk(state, { text: '', ...(thought && { thought }), thoughtSignature: signature })];
}

function chunk(state: GeminiParts, part: JsonObject): SseFrame {
  return sseFrame(JSON.stringify({ candidates: [{ content: { parts: [part], role: 'model' }, index: 0 }], ...state.head }));
}

function ending(state: GeminiParts, part: Extract<LanguageModelV4StreamPart, { type: 'finish' }>): SseFrame {
  const usage = usageOfModel(part.usage);
  return sseFrame(
    JSON.stringify({
      candidates: [
        {
          content: { parts: [{ text: '' }], role: 'model' },
          finishReason: finishWords[unifiedFinish(part.finishReason)],
          index: 0,
          ...grounding(state.sources),
        },
      ],
      ...(usage && { usageMetadata: geminiUsageOf(usage) }),
      ...state.head,
    }),
  );
}
