import type { CallUnits, ContentFacts, FileFacts, HostedTools, ImageFacts } from '../calls/call.ts';
import { isJsonObject, type JsonValue } from '../calls/json.ts';
import { base64Bytes } from '../calls/media-type.ts';
import type { CountTokensRequest, MessagesBlock, MessagesTool } from './messages-schema.ts';

/**
 * What bears on the number of input tokens. Text is bounded by the whole body less the media in it: JSON never writes
 * a text in fewer bytes than UTF-8 does, and a field that nobody here knows may be read by the model as well.
 */
export function messagesContentFacts(request: CountTokensRequest, bodyBytes: number): ContentFacts {
  const media: Media = { images: [], files: [], inlineBytes: 0, promptCache: 'none' };
  noteCache(request.cache_control, media);
  if (Array.isArray(request.system)) for (const block of request.system) noteCache(block.cache_control, media);
  for (const tool of request.tools ?? []) {
    noteCache(tool.cache_control, media);
    if ('caching' in tool) noteCache(tool.caching, media);
  }
  for (const message of request.messages) if (Array.isArray(message.content)) for (const block of message.content) gather(block, media);
  const tools = request.tools ?? [];
  const serverToolUses = serverUses(tools) + (request.mcp_servers?.length ? loopTurns : 0);
  return {
    textBytes: Math.max(0, bodyBytes - media.inlineBytes),
    messages: request.messages.length + (request.system == null ? 0 : 1),
    tools: tools.reduce((sum, tool) => sum + toolsIn(tool), 0),
    vendorTools: tools.filter(isVendorTool).reduce((sum, tool) => sum + toolsIn(tool), 0),
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

function isVendorTool(tool: MessagesTool): boolean {
  return tool.type != null && tool.type !== 'custom';
}

/** A toolset stands for its members; the largest has 31 (the browser's). */
function toolsIn(tool: MessagesTool): number {
  return tool.type?.includes('_toolset_') ? 32 : 1;
}

/**
 * Turns of the loop in which the provider runs tools of its own before it hands back with `pause_turn`
 * (https://platform.claude.com/docs/en/agents-and-tools/tool-use/server-tools).
 */
const loopTurns = 10;

const serverTools = /^(web_search|web_fetch|code_execution|tool_search_tool|advisor)_/;

/** Server tools that take a bound on their uses; the others end with the loop. */
const boundable = /^(web_search|web_fetch)_/;

/** What a request's server tools may come to; undefined where it has none. */
export function hostedToolsOf(
  request: CountTokensRequest,
): { readonly tools: HostedTools; readonly units: Pick<CallUnits, 'searches' | 'containers'> } | undefined {
  const tools = (request.tools ?? []).filter(({ type }) => serverTools.test(type ?? ''));
  if (tools.length === 0) return undefined;
  const searches = tools.filter(({ type }) => type?.startsWith('web_search_'));
  const isOpen = ({ type, max_uses }: MessagesTool): boolean => boundable.test(type ?? '') && max_uses == null;
  return {
    tools: { uses: loopTurns, bounded: tools.some(isOpen) ? 'if-sent' : 'yes' },
    units: {
      ...(searches.length > 0 && { searches: serverUses(searches) }),
      ...(tools.some(({ type }) => type?.startsWith('code_execution_')) && { containers: 1 }),
    },
  };
}

/** The tools with a bound on their uses where the caller set none: what is sent is what money is held for. */
export function withToolUses(tools: JsonValue | undefined, uses: number): JsonValue | undefined {
  if (!Array.isArray(tools)) return tools;
  return tools.map((tool) =>
    isJsonObject(tool) && typeof tool.type === 'string' && boundable.test(tool.type) && tool.max_uses == null
      ? { ...tool, max_uses: uses }
      : tool,
  );
}

/** How many times the provider may run tools of its own: as often as each allows, by default as long as the loop goes on. */
function serverUses(tools: readonly MessagesTool[]): number {
  return tools.reduce((sum, { type, max_uses }) => sum + (serverTools.test(type ?? '') ? (max_uses ?? loopTurns) : 0), 0);
}
