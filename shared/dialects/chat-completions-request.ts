import { Buffer } from 'node:buffer';
import type { AudioFacts, Call, ContentFacts, FileFacts, HostedTools, ImageFacts } from '../calls/call.ts';
import { isJsonObject, type JsonObject, objectsIn } from '../calls/json.ts';
import { base64Bytes, inlineFile, parseDataUrl } from '../calls/media-type.ts';
import { inChatWords } from './chat-completions-borrowed.ts';
import { type ChatMessage, type ChatRequest, chatRequestSchema } from './chat-completions-schema.ts';
import type { DialectRequest, NativeTarget } from './dialect.ts';
import { invalidRequest } from './invalid-request.ts';
import { asksToStay } from './prompt-cache.ts';
import { nameServiceTier } from './service-tier.ts';

/** Validates a chat completion request and gathers what the gateway has to know of it. */
export function parseChatRequest(request: DialectRequest): Call {
  const body = inChatWords(request.body);
  const parsed = chatRequestSchema.safeParse(body);
  if (!parsed.success) throw invalidRequest(parsed.error);
  const chat = parsed.data;
  const hosted = hostedToolsOf(body);
  const predicted = predictedTokensOf(body);
  // What is said in other words may take more of them.
  const bodyBytes = body === request.body ? request.bodyBytes : Math.max(request.bodyBytes, Buffer.byteLength(JSON.stringify(body)));
  return {
    dialect: 'chat-completions',
    model: chat.model,
    body,
    stream: chat.stream === true,
    streamUsage: chat.stream_options?.include_usage === true,
    maxOutputTokens: chat.max_completion_tokens ?? chat.max_tokens ?? undefined,
    choices: chat.n ?? 1,
    endUser: chat.user ?? undefined,
    serviceTier: chat.service_tier ?? undefined,
    content: contentFacts(chat, bodyBytes),
    ...(typeof chat.reasoning_effort === 'string' && { reasoningEffort: chat.reasoning_effort }),
    forwardedHeaders: {},
    ...(predicted > 0 && { predictedTokens: predicted }),
    ...(hosted && { units: { searches: hosted.uses }, hostedTools: hosted }),
  };
}

/** Results that are charged as one search: https://openrouter.ai/docs/guides/features/plugins/web-search */
const resultsPerSearch = 5;

/** A predicted output (https://platform.openai.com/docs/guides/predicted-outputs): rejected tokens are charged, a byte is one at most. */
function predictedTokensOf({ prediction }: JsonObject): number {
  return isJsonObject(prediction) && prediction.content != null ? Buffer.byteLength(JSON.stringify(prediction.content)) : 0;
}

/** Types of tools that the caller runs. */
const callersTools = ['function', 'custom'];

/** Sources that a live search reads unless told otherwise. */
const usualSources = 20;

/**
 * Searches that a provider makes for an answer: one where `web_search_options` are set (https://platform.openai.com/docs/guides/tools-web-search),
 * by the results a `web` plugin asks for, and as often as it likes where `search_parameters` turn it on.
 */
function hostedToolsOf(body: JsonObject): HostedTools | undefined {
  const { search_parameters: live, plugins, tools } = body;
  const foreign = objectsIn(tools).find(({ type }) => typeof type === 'string' && !callersTools.includes(type));
  // A tool that answers through nobody's code is the provider's own (Groq's `browser_search`, Moonshot's `builtin_function`).
  if (foreign !== undefined) return { uses: usualSources, bounded: 'no', unpriced: String(foreign.type) };
  if (isJsonObject(live) && live.mode !== 'off') return { uses: usualSources, bounded: 'no' };
  const web = objectsIn(plugins).find(({ id }) => id === 'web');
  if (web === undefined) return body.web_search_options == null ? undefined : { uses: 1, bounded: 'yes' };
  const results = typeof web.max_results === 'number' ? web.max_results : resultsPerSearch;
  return { uses: Math.max(1, Math.ceil(results / resultsPerSearch)), bounded: 'yes' };
}

/**
 * Text is bounded by the whole body less the media in it: JSON never writes a text in fewer bytes than UTF-8 does,
 * and a field that nobody here knows may be read by the model as well.
 */
function contentFacts(chat: ChatRequest, bodyBytes: number): ContentFacts {
  const media: Media = {
    images: [],
    files: [],
    audio: [],
    inlineBytes: 0,
    promptCache: asksToStay(chat.prompt_cache_options) ? '1h' : 'none',
  };
  noteCache(chat.cache_control, media);
  for (const tool of chat.tools ?? []) {
    noteCache(tool.cache_control, media);
    noteCache(tool.function?.cache_control, media);
  }
  for (const message of chat.messages) gatherMedia(message, media);
  return {
    textBytes: Math.max(0, bodyBytes - media.inlineBytes),
    messages: chat.messages.length,
    tools: chat.tools?.length ?? 0,
    images: media.images,
    files: media.files,
    audio: media.audio,
    promptCache: media.promptCache,
  };
}

interface Media {
  images: ImageFacts[];
  files: FileFacts[];
  audio: AudioFacts[];
  inlineBytes: number;
  promptCache: ContentFacts['promptCache'];
}

function gatherMedia(message: ChatMessage, media: Media): void {
  noteCache(message.cache_control, media);
  if (!Array.isArray(message.content)) return;
  for (const part of message.content) {
    noteCache(part.cache_control, media);
    if (asksToStay(part.prompt_cache_breakpoint)) media.promptCache = '1h';
    if ('image_url' in part) gatherImage(part.image_url, media);
    else if ('input_audio' in part) gatherAudio(part.input_audio, media);
    else if ('file' in part) gatherFile(part.file, media);
  }
}

/**
 * Anthropic's mark of what is to be kept in its cache, which OpenRouter and LiteLLM take on parts, messages, tools and the
 * request as a whole.
 */
function noteCache(mark: unknown, media: Media): void {
  if (!isJsonObject(mark)) return;
  if (mark.ttl === '1h') media.promptCache = '1h';
  else if (media.promptCache === 'none') media.promptCache = '5m';
}

function gatherImage(image: unknown, media: Media): void {
  if (typeof image !== 'object' || image === null || !('url' in image) || typeof image.url !== 'string') return;
  const inline = parseDataUrl(image.url);
  const detail = 'detail' in image && typeof image.detail === 'string' ? { detail: image.detail } : {};
  if (inline === undefined) {
    media.images.push(detail);
    return;
  }
  media.inlineBytes += inline.base64.length;
  media.images.push({ bytes: base64Bytes(inline.base64), ...detail });
}

function gatherAudio(audio: unknown, media: Media): void {
  if (typeof audio !== 'object' || audio === null || !('data' in audio) || typeof audio.data !== 'string') return;
  media.inlineBytes += audio.data.length;
  media.audio.push({ bytes: base64Bytes(audio.data) });
}

function gatherFile(file: unknown, media: Media): void {
  if (typeof file !== 'object' || file === null) return;
  if (!('file_data' in file) || typeof file.file_data !== 'string') {
    media.files.push({});
    return;
  }
  const { facts, inlineBytes } = inlineFile(file.file_data);
  media.inlineBytes += inlineBytes;
  media.files.push(facts);
}

/** The caller's body for a provider that speaks Chat Completions, with only what must differ changed. */
export function nativeChatBody(call: Call, target: NativeTarget): JsonObject {
  const body: JsonObject = { ...call.body, ...target.overrides, model: target.model };
  if (target.stream) body.stream = true;
  else if (body.stream === true) body.stream = false;
  if (target.stream && target.asksForStreamUsage && !call.streamUsage) {
    const options = call.body.stream_options;
    body.stream_options =
      typeof options === 'object' && options !== null && !Array.isArray(options)
        ? { ...options, include_usage: true }
        : { include_usage: true };
  }
  if (target.maxOutputTokens !== undefined) {
    delete body.max_tokens;
    delete body.max_completion_tokens;
    body[target.maxTokensField] = target.maxOutputTokens;
  }
  nameServiceTier(body, target);
  return body;
}
