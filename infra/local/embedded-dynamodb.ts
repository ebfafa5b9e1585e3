import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import dynalite from 'dynalite';

/** A DynamoDB that runs inside this process, on 127.0.0.1. */
export interface EmbeddedDynamoDb {
  readonly endpoint: string;
  /** Lets open calls end, then closes the store. */
  close(): Promise<void>;
}

/** Somebody else has the folder's store open. */
export class DataFolderInUse extends Error {
  override readonly name = 'DataFolderInUse';
}

/**
 * Starts a DynamoDB whose items live in `<dataFolder>/dynamodb`, or in memory without a folder. What
 * was written survives the end of the process, however it ends; it does not wait for the disk.
 * @throws DataFolderInUse when another process has the folder open.
 */
export async function startEmbeddedDynamoDb(dataFolder: string | undefined): Promise<EmbeddedDynamoDb> {
  const path = dataFolder === undefined ? undefined : join(dataFolder, 'dynamodb');
  if (path !== undefined) {
    await mkdir(path, { recursive: true });
    await assertFree(path);
  }
  const server = dynalite({ ...(path !== undefined && { path }), createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
  // The functions' clients keep connections for longer than a server's usual five seconds.
  server.keepAliveTimeout = 0;
  // Dynalite throws, and so ends the process, when a client leaves within a request.
  server.on('request', (request: IncomingMessage) => {
    request.removeAllListeners('error').on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The embedded DynamoDB listens on no port.');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        setTimeout(() => server.closeAllConnections(), 1000).unref();
      }),
  };
}

interface LevelDatabase {
  open(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Dynalite opens its store at the first call and ends the process when that fails, so the store's own
 * lock is tried first. The operating system drops it with its process, so a killed one leaves none.
 */
async function assertFree(path: string): Promise<void> {
  const dependencyOfDynalite = createRequire(createRequire(import.meta.url).resolve('dynalite'));
  const { Level }: { readonly Level: new (path: string) => LevelDatabase } = dependencyOfDynalite('level');
  const database = new Level(path);
  try {
    await database.open();
  } catch (thrown) {
    const cause = thrown instanceof Error ? thrown.cause : undefined;
    if (cause instanceof Error && 'code' in cause && cause.code === 'LEVEL_LOCKED') {
      throw new DataFolderInUse(`The data in ${path} is in use by another process.`);
    }
    throw cause ?? thrown;
  }
  await database.close();
}
