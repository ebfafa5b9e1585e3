import { GatewayError } from '../errors/gateway-error.ts';
import { type ConfigVersion, type ConfigVersionStore, mostConfigBytes } from './config-versions.ts';

/** Numbers that a change may find taken by others that came to nothing. */
const mostTaken = 20;

/** A change of the configuration. */
export interface ConfigChange extends Omit<ConfigVersion, 'version'> {
  /** The version it was made from, where its maker says so: if another holds by now, it is refused. */
  readonly ifVersion?: number | undefined;
}

/**
 * Puts a checked configuration in place as a new version. The version is written before anything points to it, so that
 * whoever follows the pointer finds it.
 * @throws GatewayError `conflict` when another change came first, `invalid_request` when it is too large.
 */
export async function putConfig(store: ConfigVersionStore, { ifVersion, ...change }: ConfigChange): Promise<ConfigVersion> {
  if (
    Buffer.byteLength(JSON.stringify(change.settings ?? null)) > mostConfigBytes ||
    Buffer.byteLength(change.yaml ?? '') > mostConfigBytes
  )
    throw new GatewayError('invalid_request', `The configuration is larger than ${mostConfigBytes} bytes.`);
  const current = await store.current();
  const from = current?.version ?? 0;
  if (ifVersion !== undefined && ifVersion !== from)
    throw new GatewayError(
      'conflict',
      `Version ${from} of the configuration holds by now, not ${ifVersion}. Look at it and repeat the change.`,
    );
  const version = await added(store, change, from + 1);
  if (await store.setCurrent({ version: version.version, revision: (current?.revision ?? 0) + 1 })) return version;
  throw new GatewayError('conflict', 'Another change of the configuration came first. Look at it and repeat the change.');
}

async function added(store: ConfigVersionStore, change: Omit<ConfigVersion, 'version'>, first: number): Promise<ConfigVersion> {
  for (let number = first; number < first + mostTaken; number += 1) {
    const version = { ...change, version: number };
    if (await store.add(version)) return version;
  }
  throw new GatewayError('conflict', 'Others are changing the configuration at this moment. Repeat the change shortly.');
}
