import type { ContentFacts, FileFacts, ImageFacts } from '../calls/call.ts';
import { isJsonObject } from '../calls/json.ts';
import { base64Bytes, inlineFile, parseDataUrl } from '../calls/media-type.ts';
import { asksToStay } from './prompt-cache.ts';
import { isReference, type ResponsesItem, type ResponsesPart, type ResponsesRequest } from './responses-schema.ts';

/**
 * What bears on the number of input tokens: text is bounded by the whole body less the media in it, as in chat completions.
 * @param uses of tools of its own that the provider is given, at most.
 */
export function responsesContentFacts(request: ResponsesRequest, bodyBytes: number, uses: number): ContentFacts {
  const media: Media = { images: [], files: [], inlineBytes: 0, staysCached: false };
  const items = Array.isArray(request.input) ? request.input : [];
  for (const item of items) gatherItem(item, media);
  return {
    textBytes: Math.max(0, bodyBytes - media.inlineBytes),
    messages: Math.max(1, items.length) + (request.instructions == null ? 0 : 1),
    tools: items.reduce((sum, { tools }) => sum + (Array.isArray(tools) ? tools.length : 0), request.tools?.length ?? 0),
    images: media.images,
    files: media.files,
    audio: [],
    // OpenAI caches unasked; what is to stay for twelve hours costs more. A template's variables may be marked as well.
    promptCache: media.staysCached || asksToStay(request.prompt_cache_options) || request.prompt != null ? '1h' : 'none',
    ...(hasStoredContext(request, items) && { hasStoredContext: true }),
    ...(uses > 0 && { serverToolUses: uses }),
  };
}

interface Media {
  readonly images: ImageFacts[];
  readonly files: FileFacts[];
  inlineBytes: number;
  /** Whether a part is marked to stay in the prompt cache. */
  staysCached: boolean;
}

function gatherItem(item: ResponsesItem, media: Media): void {
  if ('content' in item && Array.isArray(item.content)) for (const part of item.content) gatherPart(part, media);
  if ('output' in item) {
    if (Array.isArray(item.output)) for (const part of item.output) gatherPart(part, media);
    // The picture of a screen: https://platform.openai.com/docs/guides/tools-computer-use
    else if (isJsonObject(item.output)) gatherPart(item.output, media);
  }
}

function gatherPart(value: unknown, media: Media): void {
  if (!isJsonObject(value)) return;
  const part: Partial<Record<keyof ResponsesPart, unknown>> = value;
  if (asksToStay(value.prompt_cache_breakpoint)) media.staysCached = true;
  if (part.type === 'input_image' || part.type === 'computer_screenshot') gatherImage(part, media);
  else if (part.type === 'input_file') gatherFile(part, media);
}

function gatherImage(part: Partial<Record<keyof ResponsesPart, unknown>>, media: Media): void {
  const inline = typeof part.image_url === 'string' ? parseDataUrl(part.image_url) : undefined;
  const detail = typeof part.detail === 'string' ? { detail: part.detail } : {};
  if (inline !== undefined) media.inlineBytes += inline.base64.length;
  media.images.push(inline === undefined ? detail : { bytes: base64Bytes(inline.base64), ...detail });
}

function gatherFile(part: Partial<Record<keyof ResponsesPart, unknown>>, media: Media): void {
  if (typeof part.file_data !== 'string') {
    media.files.push({});
    return;
  }
  const { facts, inlineBytes } = inlineFile(part.file_data);
  media.inlineBytes += inlineBytes;
  media.files.push(facts);
}

/** A part of the prompt lies with the provider: an earlier response, a conversation, a template, an item by its id, a remote server's tools. */
function hasStoredContext(request: ResponsesRequest, items: readonly ResponsesItem[]): boolean {
  return (
    request.previous_response_id != null ||
    request.conversation != null ||
    request.prompt != null ||
    items.some(isReference) ||
    (request.tools ?? []).some(({ type }) => type === 'mcp')
  );
}
