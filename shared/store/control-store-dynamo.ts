import type * as z from 'zod';
import { type AuditEntry, auditEntrySchema } from '../control/audit-entry.ts';
import type { ControlStore } from '../control/control-store.ts';
import {
  type GroupKind,
  type GroupRecord,
  groupRecordSchema,
  type SharedLimits,
  type SharedLimitsName,
  sharedLimitsSchema,
} from '../control/group-record.ts';
import { type KeyRecord, keyHashEntrySchema, keyRecordSchema } from '../control/key-record.ts';
import type { Page, PageRequest } from '../control/page.ts';
import { type TagLimits, tagLimitsSchema } from '../control/tag-limits.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { ControlTable } from './control-table.ts';
import type { DynamoKey } from './dynamo-client.ts';

const groupLists = { team: 'TEAMS', user: 'USERS', organization: 'ORGANIZATIONS' } as const satisfies Record<GroupKind, string>;

const at = {
  keyHash: (hash: string): DynamoKey => ({ pk: `KEY#${hash}`, sk: 'ID' }),
  key: (id: string): DynamoKey => ({ pk: 'KEYS', sk: id }),
  group: (kind: GroupKind, id: string): DynamoKey => ({ pk: groupLists[kind], sk: id }),
  sharedLimits: (name: SharedLimitsName): DynamoKey => ({ pk: 'LIMITS', sk: name }),
  tagLimits: (): DynamoKey => ({ pk: 'LIMITS', sk: 'tags' }),
  audit: (id: string): DynamoKey => ({ pk: 'AUDIT', sk: id }),
};

/**
 * The control plane's records in DynamoDB. Each lies in the list that shows it, so that one conditional
 * write changes both what is shown and what holds; a key's hash is only a way to its record.
 */
export class DynamoControlStore implements ControlStore {
  readonly #table: ControlTable;

  constructor(table: ControlTable) {
    this.#table = table;
  }

  async findKeyId(keyHash: string): Promise<string | undefined> {
    return read(keyHashEntrySchema, await this.#table.get(at.keyHash(keyHash)))?.id;
  }

  async findKey(id: string): Promise<KeyRecord | undefined> {
    return read(keyRecordSchema, await this.#table.get(at.key(id)));
  }

  async findGroup(kind: GroupKind, id: string): Promise<GroupRecord | undefined> {
    return read(groupRecordSchema, await this.#table.get(at.group(kind, id)));
  }

  async findSharedLimits(name: SharedLimitsName): Promise<SharedLimits | undefined> {
    return read(sharedLimitsSchema, await this.#table.get(at.sharedLimits(name)));
  }

  async findTagLimits(): Promise<TagLimits | undefined> {
    return read(tagLimitsSchema, await this.#table.get(at.tagLimits()));
  }

  async addKeyHash(keyHash: string, keyId: string): Promise<void> {
    await this.#table.put(at.keyHash(keyHash), { id: keyId });
  }

  async removeKeyHashes(keyHashes: readonly string[]): Promise<void> {
    await Promise.all(keyHashes.map((hash) => this.#table.delete(at.keyHash(hash))));
  }

  async putKey(record: KeyRecord): Promise<boolean> {
    return this.#table.putRevision(at.key(record.id), record);
  }

  async deleteKey(id: string): Promise<KeyRecord | undefined> {
    return read(keyRecordSchema, await this.#table.delete(at.key(id)));
  }

  async listKeys(request: PageRequest): Promise<Page<KeyRecord>> {
    return readPage(keyRecordSchema, await this.#table.list('KEYS', request, 'descending'));
  }

  async putGroup(kind: GroupKind, record: GroupRecord): Promise<boolean> {
    return this.#table.putRevision(at.group(kind, record.id), record);
  }

  async deleteGroup(kind: GroupKind, id: string): Promise<GroupRecord | undefined> {
    return read(groupRecordSchema, await this.#table.delete(at.group(kind, id)));
  }

  async listGroups(kind: GroupKind, request: PageRequest): Promise<Page<GroupRecord>> {
    return readPage(groupRecordSchema, await this.#table.list(groupLists[kind], request, 'ascending'));
  }

  async putSharedLimits(name: SharedLimitsName, row: SharedLimits): Promise<boolean> {
    return this.#table.putRevision(at.sharedLimits(name), row);
  }

  async putTagLimits(row: TagLimits): Promise<boolean> {
    return this.#table.putRevision(at.tagLimits(), row);
  }

  async putAuditEntry(entry: AuditEntry): Promise<void> {
    await this.#table.put(at.audit(entry.id), entry);
  }

  async listAuditEntries(request: PageRequest): Promise<Page<AuditEntry>> {
    return readPage(auditEntrySchema, await this.#table.list('AUDIT', request, 'descending'));
  }
}

function read<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> | undefined {
  if (body === undefined) return undefined;
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new GatewayError('internal_error', 'A record of the control plane cannot be read. It has been logged under the request id.', {
    cause: parsed.error,
  });
}

function readPage<Schema extends z.ZodType>(schema: Schema, page: Page<unknown>): Page<z.output<Schema>> {
  const items = page.items.map((body) => read(schema, body)).filter((item) => item !== undefined);
  return { items, ...(page.next !== undefined && { next: page.next }) };
}
