import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { CliError } from './cli-error.ts';

/** Where the gateway is and how to be let in. */
export interface Connection {
  /** Without a trailing slash. */
  readonly url: string;
  readonly adminKey: string;
}

/** What a connection is found from. */
export interface ConnectionSources {
  /** `--url` and `--admin-key`, where given. */
  readonly url: string | undefined;
  readonly adminKey: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The current folder: a local gateway's data lies in it. */
  readonly folder: string;
}

/**
 * Options first, then SLUICE_URL and SLUICE_ADMIN_KEY, then the local gateway: its usual address, and the
 * admin key of its data folder. That key is used for this machine only, never sent anywhere else.
 * @throws CliError when there is no admin key, or the URL is none.
 */
export function findConnection(sources: ConnectionSources): Connection {
  const { environment } = sources;
  const given = sources.url ?? environment.SLUICE_URL ?? `http://127.0.0.1:${environment.PORT ?? '8787'}`;
  const url = parsedUrl(given);
  const adminKey = sources.adminKey ?? environment.SLUICE_ADMIN_KEY ?? (isThisMachine(url) ? localAdminKey(sources) : undefined);
  if (!adminKey) {
    throw new CliError(
      2,
      `No admin key for ${given}. Give it with --admin-key or SLUICE_ADMIN_KEY${isThisMachine(url) ? ', or run this in the folder where "npm start" was run' : ''}.`,
    );
  }
  return { url: `${url.origin}${url.pathname}`.replace(/\/(?:v1\/?)?$/, ''), adminKey };
}

function parsedUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol))
    throw new CliError(2, `"${text}" is no URL of a gateway. It looks like https://example.com/prod.`);
  return url;
}

function isThisMachine(url: URL): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
}

function localAdminKey({ environment, folder }: ConnectionSources): string | undefined {
  const path = resolve(folder, environment.SLUICE_DATA ?? '.sluice', 'credentials.json');
  if (!existsSync(path)) return undefined;
  try {
    const credentials: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof credentials === 'object' && credentials !== null && 'adminKey' in credentials && typeof credentials.adminKey === 'string') {
      return credentials.adminKey;
    }
  } catch (cause) {
    throw new CliError(1, `${path} cannot be read. Give the admin key with --admin-key or SLUICE_ADMIN_KEY.`, cause);
  }
  return undefined;
}
