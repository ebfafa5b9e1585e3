import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';

/** A proxy that loses answers: the store has written, and the client sees a broken connection. */
export interface LossyProxy {
  readonly endpoint: string;
  /** How many answers to updates were lost so far. */
  readonly lost: () => number;
  close(): Promise<void>;
}

/** Starts the proxy; `loses` is asked for every answered update. */
export async function startLossyProxy(target: string, loses: () => boolean): Promise<LossyProxy> {
  const agent = new Agent({ keepAlive: true });
  const url = new URL(target);
  let lost = 0;
  const server = createServer((incoming, outgoing) => {
    const forwarded = request(
      { host: url.hostname, port: url.port, method: incoming.method, path: incoming.url, headers: incoming.headers, agent },
      (answer) => {
        const update = String(incoming.headers['x-amz-target']).endsWith('.UpdateItem');
        if (update && answer.statusCode === 200 && loses()) {
          lost += 1;
          answer.resume();
          answer.on('end', () => incoming.socket.destroy());
          return;
        }
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    forwarded.on('error', () => incoming.socket.destroy());
    incoming.pipe(forwarded);
  });
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    lost: () => lost,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      agent.destroy();
    },
  };
}
