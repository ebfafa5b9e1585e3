import type { ContentFacts, FileFacts, ImageFacts } from '../calls/call.ts';
import { isJsonObject } from '../calls/json.ts';
import { base64Bytes } from '../calls/media-type.ts';
import type { CountTokensRequest, MessagesBlock, MessagesTool } from './messages-schema.ts';
import { isVendorTool, loopTurns, serverUses, toolsOf } from './messages-server-tools.ts';

/**
 * What bears on the number of input tokens. Text is bounded by the whole body less the media in it: JSON never writes
 * a text in fewer bytes than UTF-8 does, and a field that nobody here knows may be read by the model as well.
 */
export function messagesContentFacts(request: CountTokensRequest, bodyBytes: number): ContentFacts {
  const media: Media = { images: [], files: [], inlineBytes: 0, promptCache: 'none' };
  noteCache(request.cache_control, media);
  if (Array.isArray(request.system)) for (const block of request.system) noteCache(block.cache_control, media);
  const tools = toolsOf(request);
  for (const { tool } of tools) {
    noteCache(tool.cache_control, media);
    if ('caching' in tool) noteCache(tool.caching, media);
  }
  for (const message of request.messages) if (Array.isArray(message.content)) for (const block of message.content) gather(block, media);
  const serverToolUses = serverUses(tools) + (request.mcp_servers?.length ? loopTurns : 0);
  return {
    textBytes: Math.max(0, bodyBytes - media.inlineBytes),
    messages: request.messages.length + (request.system == null ? 0 : 1),
    tools: tools.reduce((sum, { tool }) => sum + toolsIn(tool), 0),
    vendorTools: tools.reduce((sum, { tool }) => sum + (isVendorTool(tool) ? toolsIn(tool) : 0), 0),
    images: media.images,
    files: media.files,
    audio: [],
    promptCache: media.promptCache,
    // Tools of an MCP server are described by that server, and a thread lies with the provider.
    ...((request.thread?.type === 'continue' || request.mcp_servers?.length) && { hasStoredContext: true }),
    ...(serverToolUses > 0 && { serverToolUses }),
  };
}

interface Media {
  images: ImageFacts[];
  files: FileFacts[];
  inlineBytes: number;
  promptCache: ContentFacts['promptCache'];
}

/** `cache_control` marks a part of the prompt for five minutes, or with `ttl: "1h"` for an hour. */
function noteCache(cacheControl: unknown, media: Media): void {
  if (!isJsonObject(cacheControl)) return;
  if (cacheControl.ttl === '1h') media.promptCache = '1h';
  else if (media.promptCache === 'none') media.promptCache = '5m';
}

function gather(block: MessagesBlock, media: Media): void {
  if ('cache_control' in block) noteCache(block.cache_control, media);
  if (isImage(block)) gatherImage(block.source, media);
  else if (isDocument(block)) gatherDocument(block.source, media);
  else if (isToolResult(block) && Array.isArray(block.content)) for (const inner of block.content) gather(inner, media);
}

type BlockOf<Type> = Extract<MessagesBlock, { type: Type }>;
type Source = BlockOf<'image'>['source'];

function isImage(block: MessagesBlock): block is BlockOf<'image'> {
  return block.type === 'image';
}

function isDocument(block: MessagesBlock): block is BlockOf<'document'> {
  return block.type === 'document';
}

function isToolResult(block: MessagesBlock): block is BlockOf<'tool_result'> {
  return block.type === 'tool_result';
}

function gatherImage(source: Source, media: Media): void {
  if (source.type !== 'base64') {
    media.images.push({});
    return;
  }
  media.inlineBytes += source.data.length;
  media.images.push({ bytes: base64Bytes(source.data) });
}

function gatherDocument(source: Source, media: Media): void {
  switch (source.type) {
    case 'base64':
      media.inlineBytes += source.data.length;
      media.files.push({ bytes: base64Bytes(source.data), mediaType: source.media_type });
      return;
    case 'content':
      if (Array.isArray(source.content)) for (const block of source.content) gatherInner(block, media);
      return;
    case 'text':
      return;
    default:
      media.files.push({});
  }
}

/** Blocks inside a document: text, which is counted with the body, and images. */
function gatherInner(block: { readonly type: string; readonly source?: unknown }, media: Media): void {
  if (block.type !== 'image') return;
  const source = isJsonObject(block.source) ? block.source : {};
  if (source.type === 'base64' && typeof source.data === 'string') {
    media.inlineBytes += source.data.length;
    media.images.push({ bytes: base64Bytes(source.data) });
  } else media.images.push({});
}

/** A toolset stands for its members; the largest has 31 (the browser's). */
function toolsIn(tool: MessagesTool): number {
  return tool.type?.includes('_toolset_') ? 32 : 1;
}
