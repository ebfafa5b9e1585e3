import type { CallUnits, HostedTools } from '../calls/call.ts';
import { isJsonObject, type JsonObject, objectsIn } from '../calls/json.ts';
import type { NativeTarget } from './dialect.ts';
import type { ResponsesRequest, ResponsesTool } from './responses-schema.ts';

/** Tools that the provider runs itself (https://platform.openai.com/docs/guides/tools); all others answer through the caller. */
const hosted =
  /^(web_search|x_search|file_search|collections_search|attachment_search|code_interpreter|image_generation|mcp|tool_search|shell)/;
const fileSearch = /^(file|collections|attachment)_search/;

/**
 * Uses to hold money for where the caller sets no `max_tool_calls`, and to allow: more than this is rare outside of deep
 * research, whose callers do well to set a number.
 */
const usualToolCalls = 4;

/** What a request's hosted tools may come to. */
export interface HostedBound {
  readonly tools: HostedTools;
  readonly units: Pick<CallUnits, 'searches' | 'fileSearches' | 'containers'>;
}

/** The most that the tools of a request can be used; undefined where the provider runs none of them. */
export function hostedToolsOf(request: ResponsesRequest): HostedBound | undefined {
  const tools = (request.tools ?? []).filter(isHosted);
  if (tools.length === 0) return undefined;
  const { max_tool_calls: most } = request;
  const uses = most ?? usualToolCalls;
  const some = (matches: (type: string) => boolean): boolean => tools.some(({ type }) => matches(type));
  const unknownContainer = tools.some((tool) => gigabytesOf(tool) === undefined);
  const draws = some((type) => type.startsWith('image_generation'));
  return {
    tools: {
      uses,
      bounded: unknownContainer ? 'no' : most == null ? 'if-sent' : 'yes',
      // Its images are billed as another model's, of which the answer says nothing that could be priced.
      ...(draws && { unpriced: 'image_generation' }),
    },
    units: {
      ...(some((type) => /^(web|x)_search/.test(type)) && { searches: uses }),
      ...(some((type) => fileSearch.test(type)) && { fileSearches: uses }),
      containers: tools.reduce((sum, tool) => sum + (gigabytesOf(tool) ?? 1), 0),
    },
  };
}

/** Whether a tool is run by the provider. Some can be run on either side, and say on which. */
function isHosted(tool: ResponsesTool): boolean {
  const runsHere = tool.execution === 'client' || (isJsonObject(tool.environment) && tool.environment.type === 'local');
  return hosted.test(tool.type) && !runsHere;
}

/** The memory of the container that a tool runs code in, 0 where it has none; undefined for one that was made before. */
function gigabytesOf(tool: Readonly<Record<string, unknown>>): number | undefined {
  if (tool.type !== 'code_interpreter' && tool.type !== 'shell') return 0;
  const container = tool.type === 'shell' ? tool.environment : tool.container;
  if (typeof container === 'string' || (isJsonObject(container) && container.type === 'container_reference')) return undefined;
  const size =
    isJsonObject(container) && typeof container.memory_limit === 'string' ? /^(\d+)g$/.exec(container.memory_limit)?.[1] : undefined;
  return size === undefined ? 1 : Number(size);
}

/** What a whole response says its hosted tools were used for. */
export function hostedUnitsOf(response: JsonObject): {
  readonly searches: number;
  readonly fileSearches: number;
  readonly containers: number;
} {
  const items = objectsIn(response.output);
  const told = isJsonObject(response.tool_usage) ? response.tool_usage.web_search : undefined;
  const count = (matches: RegExp): number => items.filter(({ type }) => typeof type === 'string' && matches.test(type)).length;
  const searches =
    isJsonObject(told) && typeof told.num_requests === 'number'
      ? Math.max(0, Math.ceil(told.num_requests))
      : count(/^(web|x)_search_call$/);
  const tools = objectsIn(response.tools);
  const memory = (type: string): number => Math.max(1, ...tools.filter((tool) => tool.type === type).map((tool) => gigabytesOf(tool) ?? 1));
  const ran = new Set(items.filter(({ type }) => type === 'code_interpreter_call').map(({ container_id: id }) => id));
  const shells = tools.some((tool) => tool.type === 'shell' && isJsonObject(tool.environment) && tool.environment.type !== 'local');
  return {
    searches,
    fileSearches: count(/^(file|collections|attachment)_search_call$/),
    containers: ran.size * memory('code_interpreter') + (shells && count(/^shell_call$/) > 0 ? memory('shell') : 0),
  };
}

/** Bounds the uses of hosted tools where the caller does not: what is sent is what money is held for. */
export function boundHostedTools(body: JsonObject, { bounds }: Pick<NativeTarget, 'bounds'>): void {
  if (bounds?.toolUses !== undefined) body.max_tool_calls ??= bounds.toolUses;
}
