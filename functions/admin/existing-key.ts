import type { ControlStore } from '../../shared/control/control-store.ts';
import type { KeyRecord } from '../../shared/control/key-record.ts';
import { GatewayError } from '../../shared/errors/gateway-error.ts';

/** The key with this id. @throws GatewayError `not_found`. */
export async function existingKey(store: ControlStore, id: string): Promise<KeyRecord> {
  const key = await store.findKey(id);
  if (!key) throw new GatewayError('not_found', `There is no key ${id}. GET /admin/keys lists those there are.`);
  return key;
}
