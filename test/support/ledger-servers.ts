import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createMissingTables, localTableNames } from '../../infra/local/create-tables.ts';
import { startEmbeddedDynamoDb } from '../../infra/local/embedded-dynamodb.ts';

/** A DynamoDB for tests, with all tables, empty. */
export interface TestDynamoDb {
  readonly endpoint: string;
  close(): Promise<void>;
}

/** The embedded one, in this process. */
export async function startDynalite(): Promise<TestDynamoDb> {
  const server = await startEmbeddedDynamoDb(undefined);
  await createMissingTables(server.endpoint, localTableNames({}));
  return server;
}

const dynoxideBinary = fileURLToPath(new URL('../../node_modules/@dynoxide/linux-x64/dynoxide', import.meta.url));

/** Whether the other emulator, which returns the old item when a condition fails, is installed; its package is for Linux on x64 only. */
export const hasDynoxide = process.platform === 'linux' && existsSync(dynoxideBinary);

/** The other emulator, in a process of its own. */
export async function startDynoxide(): Promise<TestDynamoDb> {
  const port = await freePort();
  const child = spawn(dynoxideBinary, ['--port', String(port)], { stdio: 'ignore' });
  const endpoint = `http://127.0.0.1:${port}`;
  await answers(endpoint);
  await createMissingTables(endpoint, localTableNames({}));
  return {
    endpoint,
    close: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Every emulator at hand, so that what holds on one is shown to hold on the other. */
export const emulators: readonly { readonly name: string; start(): Promise<TestDynamoDb> }[] = [
  { name: 'dynalite', start: startDynalite },
  ...(hasDynoxide ? [{ name: 'dynoxide', start: startDynoxide }] : []),
];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

async function answers(endpoint: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    try {
      await fetch(endpoint);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error(`nothing answers at ${endpoint}`);
}
