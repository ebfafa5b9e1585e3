import type { CallUnits, HostedTools } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import { type CountTokensRequest, type MessagesBlock, type MessagesTool, toolSchema } from './messages-schema.ts';

/** A tool of a request, and where it stands. */
export interface ToolAt {
  readonly tool: MessagesTool;
  /** The field, for error messages: `tools.0`, or the message that adds the tool. */
  readonly at: string;
  /** Whether the provider takes it only as it was: one that a compaction handed over. */
  readonly sealed: boolean;
}

/**
 * All tools of a request: those of `tools`, those that a message of the system adds later, definition and all
 * (https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages), and those that a compaction block
 * says were added in what it sums up.
 */
export function toolsOf(request: CountTokensRequest): readonly ToolAt[] {
  const own = (request.tools ?? []).map((tool, index) => ({ tool, at: `tools.${index}`, sealed: false }));
  const added = request.messages.flatMap((message, index) =>
    blocksOf(message).flatMap((block) => [
      ...definitions([block], `messages.${index}`, false),
      ...('tool_changes' in block && Array.isArray(block.tool_changes) ? definitions(block.tool_changes, `messages.${index}`, true) : []),
    ]),
  );
  return added.length === 0 ? own : [...own, ...added];
}

function definitions(blocks: readonly unknown[], at: string, sealed: boolean): readonly ToolAt[] {
  return blocks.flatMap((block) => {
    const tool = toolSchema.safeParse(definitionIn(block));
    return tool.success ? [{ tool: tool.data, at, sealed }] : [];
  });
}

function definitionIn(block: unknown): JsonValue | undefined {
  if (!isJsonObject(block) || block.type !== 'tool_addition' || !isJsonObject(block.tool)) return undefined;
  return block.tool.type === 'tool_definition' ? block.tool.definition : undefined;
}

/** The tools that are left at the end of the conversation, for a provider that knows one list of them. */
export function toolsInEffect(request: CountTokensRequest): readonly MessagesTool[] {
  const removed = new Set<string>();
  for (const block of request.messages.flatMap(blocksOf)) {
    const name = changedTool(block);
    if (name === undefined) continue;
    if (block.type === 'tool_removal') removed.add(name);
    else removed.delete(name);
  }
  const byName = new Map(toolsOf(request).map(({ tool, at }) => [tool.name ?? at, tool]));
  return [...byName.values()].filter(({ name }) => name === undefined || !removed.has(name));
}

function blocksOf({ content }: CountTokensRequest['messages'][number]): readonly MessagesBlock[] {
  return Array.isArray(content) ? content : [];
}

/** The name of the tool that a block adds or takes away. */
function changedTool(block: object): string | undefined {
  if (!isJsonObject(block) || !isJsonObject(block.tool)) return undefined;
  if (block.type !== 'tool_removal' && block.type !== 'tool_addition') return undefined;
  const { name, definition } = block.tool;
  const named = isJsonObject(definition) ? definition.name : name;
  return typeof named === 'string' ? named : undefined;
}

/** Whether the vendor holds the tool's definition, whoever runs it. */
export function isVendorTool({ type }: MessagesTool): boolean {
  return type != null && type !== 'custom';
}

/**
 * Turns of the loop in which the provider runs tools of its own before it hands back with `pause_turn`
 * (https://platform.claude.com/docs/en/agents-and-tools/tool-use/server-tools).
 */
export const loopTurns = 10;

/** Tools that run at the provider (https://platform.claude.com/docs/en/agents-and-tools/tool-use/tool-reference). */
const serverTools = /^(web_search|web_fetch|code_execution|tool_search_tool|advisor)_/;

/** Tools whose definition the vendor holds and which the caller runs; an MCP server's are counted with the server. */
const clientTools = /^(bash|text_editor|computer|browser|memory)_|^mcp_toolset$/;

/** Server tools that take a bound on their uses; the others end with the loop. */
const boundable = /^(web_search|web_fetch)_/;

function isServerTool({ type }: MessagesTool): boolean {
  return serverTools.test(type ?? '');
}

/** A tool of the vendor's that nobody here knows: it may run there, at a fee. One with a schema is the caller's to run. */
function isUnknown(tool: MessagesTool): boolean {
  return isVendorTool(tool) && tool.input_schema === undefined && !isServerTool(tool) && !clientTools.test(tool.type ?? '');
}

/** What a request's server tools may come to; undefined where it has none. */
export function hostedToolsOf(
  all: readonly ToolAt[],
): { readonly tools: HostedTools; readonly units: Pick<CallUnits, 'searches' | 'containers'> } | undefined {
  const unknown = all.find(({ tool }) => isUnknown(tool))?.tool.type ?? undefined;
  const running = all.filter(({ tool }) => isServerTool(tool));
  if (running.length === 0 && unknown === undefined) return undefined;
  const searches = running.filter(({ tool }) => tool.type?.startsWith('web_search_'));
  const open = running.filter(({ tool: { type, max_uses } }) => boundable.test(type ?? '') && max_uses == null);
  return {
    tools: {
      uses: loopTurns,
      bounded: open.length === 0 ? 'yes' : open.some(({ sealed }) => sealed) ? 'no' : 'if-sent',
      unpriced: unknown,
    },
    units: {
      ...(searches.length > 0 && { searches: serverUses(searches) }),
      ...(running.some(({ tool }) => tool.type?.startsWith('code_execution_')) && { containers: 1 }),
    },
  };
}

/** How many times the provider may run tools of its own: as often as each allows, by default as long as the loop goes on. */
export function serverUses(all: readonly ToolAt[]): number {
  return all.reduce((sum, { tool }) => sum + (isServerTool(tool) ? (tool.max_uses ?? loopTurns) : 0), 0);
}

/** The body with a bound on the uses of each tool where the caller set none: what is sent is what money is held for. */
export function withToolUses(body: JsonObject, uses: number): JsonObject {
  const { tools, messages } = body;
  return {
    ...body,
    ...(Array.isArray(tools) && { tools: tools.map((tool) => bounded(tool, uses)) }),
    ...(Array.isArray(messages) && messages.some(addsTool) && { messages: messages.map((message) => withBoundedAdditions(message, uses)) }),
  };
}

function bounded(tool: JsonValue, uses: number): JsonValue {
  const isOpen = isJsonObject(tool) && typeof tool.type === 'string' && boundable.test(tool.type) && tool.max_uses == null;
  return isOpen ? { ...tool, max_uses: uses } : tool;
}

function addsTool(message: JsonValue): boolean {
  return isJsonObject(message) && Array.isArray(message.content) && message.content.some((block) => definitionIn(block) !== undefined);
}

function withBoundedAdditions(message: JsonValue, uses: number): JsonValue {
  if (!isJsonObject(message) || !Array.isArray(message.content) || !addsTool(message)) return message;
  const content = message.content.map((block) => {
    const definition = definitionIn(block);
    if (definition === undefined || !isJsonObject(block) || !isJsonObject(block.tool)) return block;
    return { ...block, tool: { ...block.tool, definition: bounded(definition, uses) } };
  });
  return { ...message, content };
}
