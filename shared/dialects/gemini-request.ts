import type { AudioFacts, Call, ContentFacts, FileFacts, ImageFacts } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import { base64Bytes } from '../calls/media-type.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { modelNameSchema } from './chat-completions-schema.ts';
import type { DialectRequest, NativeTarget } from './dialect.ts';
import { type GeminiMediaPart, type GeminiPart, type GeminiRequest, geminiRequestSchema } from './gemini-schema.ts';
import { hostedToolsOf, runsServerTools } from './gemini-tools.ts';
import { invalidRequest } from './invalid-request.ts';

/** Validates a `generateContent` request; the path names the model and says whether to stream. */
export function parseGeminiRequest(request: DialectRequest): Call {
  const model = modelNameSchema.safeParse(request.path.model);
  if (!model.success) throw new GatewayError('invalid_request', 'The model in the path is not a valid name.', { param: 'model' });
  const parsed = geminiRequestSchema.safeParse(request.body);
  if (!parsed.success) throw invalidRequest(parsed.error);
  const gemini = parsed.data;
  const config = gemini.generationConfig ?? gemini.generation_config;
  const stream = request.path.action === 'streamGenerateContent';
  const hosted = hostedToolsOf(gemini);
  return {
    dialect: 'gemini',
    model: model.data,
    body: request.body,
    stream,
    streamUsage: true,
    maxOutputTokens: config?.maxOutputTokens ?? config?.max_output_tokens ?? undefined,
    choices: config?.candidateCount ?? config?.candidate_count ?? 1,
    endUser: undefined,
    serviceTier: gemini.serviceTier ?? gemini.service_tier ?? undefined,
    content: contentFacts(gemini, request.bodyBytes),
    forwardedHeaders: {},
    ...(hosted && { units: { searches: hosted.uses }, hostedTools: hosted }),
    // Without `alt=sse` Google streams one JSON array (https://cloud.google.com/apis/docs/system-parameters).
    ...(stream && request.query.alt !== 'sse' && { streamForm: 'json-array' as const }),
  };
}

/** Text is bounded by the whole body less the media in it, as a field that nobody here knows may be read as well. */
function contentFacts(gemini: GeminiRequest, bodyBytes: number): ContentFacts {
  const media: Media = { images: [], files: [], audio: [], inlineBytes: 0 };
  for (const content of gemini.contents) for (const part of content.parts ?? []) gatherMedia(part, media);
  const declared = (gemini.tools ?? []).reduce(
    (sum, tool) => sum + (tool.functionDeclarations ?? tool.function_declarations ?? []).length,
    0,
  );
  return {
    textBytes: Math.max(0, bodyBytes - media.inlineBytes),
    messages: gemini.contents.length + 1,
    tools: Math.max(declared, gemini.tools?.length ?? 0),
    images: media.images,
    files: media.files,
    audio: media.audio,
    promptCache: 'none',
    // With a continuation, what the answer said so far is read again, and lies with Google.
    hasStoredContext: [gemini.cachedContent, gemini.cached_content, gemini.continuationToken, gemini.continuation_token].some(
      (stored) => stored != null,
    ),
    serverToolUses: runsServerTools(gemini) ? 1 : 0,
  };
}

interface Media {
  images: ImageFacts[];
  files: FileFacts[];
  audio: AudioFacts[];
  inlineBytes: number;
}

/** The media in a part, and in the result of a function: a screenshot that computer use asks for stands there. */
function gatherMedia(part: GeminiMediaPart & Pick<GeminiPart, 'functionResponse' | 'function_response'>, media: Media): void {
  const inline = part.inlineData ?? part.inline_data;
  if (inline !== undefined) {
    media.inlineBytes += inline.data.length;
    addMedium(media, inline.mimeType ?? inline.mime_type ?? '', { bytes: base64Bytes(inline.data) });
  }
  const file = part.fileData ?? part.file_data;
  if (file !== undefined) addMedium(media, file.mimeType ?? file.mime_type ?? '', {});
  for (const inner of (part.functionResponse ?? part.function_response)?.parts ?? []) gatherMedia(inner, media);
}

function addMedium(media: Media, mediaType: string, size: { readonly bytes?: number }): void {
  if (mediaType.startsWith('image/')) media.images.push(size);
  else if (mediaType.startsWith('audio/')) media.audio.push(size);
  else media.files.push({ ...size, ...(mediaType !== '' && { mediaType }) });
}

/** The caller's body for a provider that speaks Gemini. The model stands in the URL, so only a cap can change it. */
export function nativeGeminiBody(call: Call, target: NativeTarget): JsonObject {
  const body: JsonObject = { ...call.body, ...target.overrides };
  delete body.model;
  if (target.maxOutputTokens === undefined) return body;
  const given: JsonValue | undefined = body.generationConfig ?? body.generation_config;
  delete body.generation_config;
  const config: JsonObject = isJsonObject(given) ? { ...given } : {};
  delete config.max_output_tokens;
  body.generationConfig = { ...config, maxOutputTokens: target.maxOutputTokens };
  return body;
}

/** Reads a question for the tokens of a prompt: contents alone, or a whole request under `generateContentRequest`. */
export function parseGeminiCount(request: DialectRequest): Call {
  const whole = request.body.generateContentRequest ?? request.body.generate_content_request;
  const call = parseGeminiRequest(isJsonObject(whole) ? { ...request, body: whole } : request);
  return { ...call, body: request.body };
}

/** The caller's question for a provider that counts by itself; a whole request names its model in the body too. */
export function nativeGeminiCount(call: Call, target: NativeTarget): JsonObject {
  const { generate_content_request: snake, ...body } = call.body;
  const whole = body.generateContentRequest ?? snake;
  return isJsonObject(whole) ? { ...body, generateContentRequest: { ...whole, model: `models/${target.model}` } } : body;
}
