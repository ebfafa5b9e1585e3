import type { CallUnits, HostedTools } from '../calls/call.ts';
import { isJsonObject, type JsonObject, objectsIn } from '../calls/json.ts';
import type { NativeTarget } from './dialect.ts';
import { bringsTools, type ResponsesRequest } from './responses-schema.ts';

/**
 * Tools that the provider runs itself, at a price that is known: a fee for each use, or no more than the tokens of what they
 * read (https://developers.openai.com/api/docs/guides/tools and https://docs.x.ai/developers/pricing).
 */
const hosted =
  /^((web|x|file|collections|attachment|tool)_search|code_interpreter|mcp|shell|programmatic_tool_calling)(_preview)?(_20[\d_]+)?$/;
/** Tools that answer through the caller. Any other is the provider's own, and what it costs nobody here knows. */
const callersTools = /^(function|custom|namespace|local_shell|apply_patch|computer(_use)?)(_preview)?(_20[\d_]+)?$/;
const fileSearch = /^(file|collections|attachment)_search/;

/**
 * Uses to hold money for where the caller sets no `max_tool_calls`, and to allow: more than this is rare outside of deep
 * research, whose callers do well to set a number.
 */
const usualToolCalls = 4;

/** A tool of which the type is known, and what other fields there are. */
type Tool = { readonly type: string } & Readonly<Record<string, unknown>>;

/** A template of a prompt lies with the provider and may bring tools of its own; these stand for the usual ones. */
const templateTools: readonly Tool[] = [{ type: 'web_search' }, { type: 'file_search' }, { type: 'code_interpreter' }];

/** What a request's hosted tools may come to. */
export interface HostedBound {
  readonly tools: HostedTools;
  readonly units: Pick<CallUnits, 'searches' | 'fileSearches' | 'containers'>;
}

/** The most that the tools of a request can be used; undefined where the provider runs none of them. */
export function hostedToolsOf(request: ResponsesRequest): HostedBound | undefined {
  const later = toolsInItems(request).filter(isHosted);
  const tools = [...(request.tools ?? []).filter(isHosted), ...(request.prompt == null ? [] : templateTools), ...later];
  if (tools.length === 0) return undefined;
  const { max_tool_calls: most } = request;
  const uses = most ?? usualToolCalls;
  const some = (matches: (type: string) => boolean): boolean => tools.some(({ type }) => matches(type));
  // An answer repeats the tools of the request, and so the size of their containers, but not those of its input.
  const unknownContainer = tools.some((tool) => gigabytesOf(tool) === undefined) || later.some((tool) => (gigabytesOf(tool) ?? 1) > 1);
  // Among them `image_generation`: its images are billed as another model's.
  const unpriced = tools.find(({ type }) => !hosted.test(type))?.type;
  return {
    tools: {
      uses,
      bounded: unknownContainer ? 'no' : most == null ? 'if-sent' : 'yes',
      ...(unpriced !== undefined && { unpriced }),
    },
    units: {
      ...(some((type) => /^(web|x)_search/.test(type)) && { searches: uses }),
      ...(some((type) => fileSearch.test(type)) && { fileSearches: uses }),
      containers: tools.reduce((sum, tool) => sum + (gigabytesOf(tool) ?? 1), 0),
    },
  };
}

/** Tools that come with an item of the input: `additional_tools`, and what a search for tools has found. */
function toolsInItems({ input }: ResponsesRequest): Tool[] {
  const items = Array.isArray(input) ? input : [];
  const lists = items.filter(bringsTools).map(({ tools }) => tools);
  const declared: readonly unknown[] = lists.filter((list) => Array.isArray(list)).flat();
  return declared.filter(isJsonObject).flatMap((tool) => (typeof tool.type === 'string' ? [{ ...tool, type: tool.type }] : []));
}

/** Whether a tool is run by the provider. Two of them can be run on either side, and say on which. */
function isHosted({ type, execution, environment }: Tool): boolean {
  if (type.startsWith('tool_search') && execution === 'client') return false;
  if (type.startsWith('shell') && isJsonObject(environment) && environment.type === 'local') return false;
  return !callersTools.test(type);
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
  const inContainer = ({ environment }: JsonObject): boolean => isJsonObject(environment) && environment.type !== 'local';
  const shells = items.filter(({ type }) => type === 'shell_call');
  const shellRan = shells.some(inContainer) || (shells.length > 0 && tools.some((tool) => tool.type === 'shell' && inContainer(tool)));
  return {
    searches,
    fileSearches: count(/^(file|collections|attachment)_search_call$/),
    containers: ran.size * memory('code_interpreter') + (shellRan ? memory('shell') : 0),
  };
}

/** Bounds the uses of hosted tools where the caller does not: what is sent is what money is held for. */
export function boundHostedTools(body: JsonObject, { bounds }: Pick<NativeTarget, 'bounds'>): void {
  if (bounds?.toolUses !== undefined) body.max_tool_calls ??= bounds.toolUses;
}
