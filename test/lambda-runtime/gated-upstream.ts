import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** A provider with the OpenAI wire format whose every step a test decides. */
export interface GatedUpstream {
  readonly url: string;
  /** How the next calls are answered. */
  answer: (response: ServerResponse, request: IncomingMessage) => void | Promise<void>;
  /** The bodies of the calls so far. */
  readonly calls: unknown[];
  close(): Promise<void>;
}

/** One event of a chat completion stream. */
export function chatChunk(content: string | undefined, more: Readonly<Record<string, unknown>> = {}): string {
  const choice = { index: 0, delta: content === undefined ? {} : { content }, finish_reason: content === undefined ? 'stop' : null };
  const chunk = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'm', choices: [choice], ...more };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

/** Listens on a free port of 127.0.0.1. */
export async function startGatedUpstream(): Promise<GatedUpstream> {
  const calls: unknown[] = [];
  const server = createServer(async (request, response) => {
    calls.push(JSON.parse(Buffer.concat(await request.toArray()).toString('utf8')));
    await upstream.answer(response, request);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const upstream: GatedUpstream = {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/v1`,
    answer: (response) => void response.writeHead(500).end(),
    calls,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return upstream;
}
