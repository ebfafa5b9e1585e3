import type { Demand } from '../calls/call.ts';
import { isJsonObject } from '../calls/json.ts';
import type { MessagesRequest } from './messages-schema.ts';

/** What a Messages request asks for that not every provider of the dialect takes. */
export function demandsOf(request: MessagesRequest, hasServerTools: boolean): Demand[] {
  const { output_config: output, output_format: format, mcp_servers: servers, speed, tools, messages } = request;
  const asked: readonly (readonly [Demand, boolean])[] = [
    ['json-schema', format != null || (isJsonObject(output) && output.format != null)],
    ['strict-tools', tools?.some(({ strict }) => strict === true) ?? false],
    ['media-by-url', messages.some(({ content }) => Array.isArray(content) && content.some(isByUrl))],
    ['server-tools', hasServerTools],
    ['mcp-servers', Array.isArray(servers) && servers.length > 0],
    ['fast-mode', speed === 'fast'],
  ];
  return asked.filter(([, isAsked]) => isAsked).map(([demand]) => demand);
}

/** Whether a block is an image or a document that the provider has to fetch, or a tool's result that holds one. */
function isByUrl(block: unknown): boolean {
  if (!isJsonObject(block)) return false;
  const { source, content } = block;
  if (isJsonObject(source) && source.type === 'url') return true;
  return Array.isArray(content) && content.some(isByUrl);
}
