import {
  type ConfigVersion,
  type ConfigVersionStore,
  type CurrentVersion,
  configVersionSchema,
  currentVersionSchema,
} from '../config/config-versions.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { ControlTable } from './control-table.ts';
import type { DynamoKey } from './dynamo-client.ts';

const currentKey: DynamoKey = { pk: 'CONFIG', sk: 'CURRENT' };
const versionList = 'CONFIG#VERSIONS';
/** Enough places for a change a second for thirty years. */
const digits = 10;

/**
 * The versions of the configuration in the table of the control plane: an item each, and a small one that says which
 * of them holds, which is what every instance reads every few seconds.
 */
export class DynamoConfigStore implements ConfigVersionStore {
  readonly #table: ControlTable;

  constructor(table: ControlTable) {
    this.#table = table;
  }

  async current(): Promise<CurrentVersion | undefined> {
    return read(currentVersionSchema, await this.#table.get(currentKey));
  }

  async find(version: number): Promise<ConfigVersion | undefined> {
    return read(configVersionSchema, await this.#table.get(versionKey(version)));
  }

  async add(version: ConfigVersion): Promise<boolean> {
    return this.#table.putRevision(versionKey(version.version), { ...version, revision: 1 });
  }

  async setCurrent(current: CurrentVersion): Promise<boolean> {
    return this.#table.putRevision(currentKey, current);
  }

  async list({ limit, before }: { readonly limit: number; readonly before?: number | undefined }): Promise<readonly ConfigVersion[]> {
    const after = before === undefined ? {} : { after: versionKey(before).sk };
    const page = await this.#table.list(versionList, { limit, ...after }, 'descending');
    return page.items.flatMap((item) => read(configVersionSchema, item) ?? []);
  }
}

function versionKey(version: number): DynamoKey {
  return { pk: versionList, sk: String(version).padStart(digits, '0') };
}

function read<Value>(
  schema: { safeParse(value: unknown): { success: true; data: Value } | { success: false; error: unknown } },
  body: unknown,
): Value | undefined {
  if (body === undefined) return undefined;
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new GatewayError(
    'internal_error',
    'A stored version of the configuration cannot be read. It has been logged under the request id.',
    {
      cause: parsed.error,
    },
  );
}
