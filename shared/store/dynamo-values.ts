import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { DynamoItem, DynamoMap, DynamoValue } from './dynamo-client.ts';

/** An item as DynamoDB's API has it. */
export type WireItem = Record<string, AttributeValue>;

/** Plain values to DynamoDB's. @throws TypeError for a number that is not finite: it would be refused anyway, later and worse. */
export function toWire(value: DynamoValue): AttributeValue {
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new TypeError(`DynamoDB cannot hold the number ${value}`);
    return { N: String(value) };
  }
  if (typeof value === 'boolean') return { BOOL: value };
  if (value === null) return { NULL: true };
  if (value instanceof Uint8Array) return { B: wireBytes(value) };
  if (isList(value)) return { L: value.map(toWire) };
  return { M: toWireItem(value) };
}

/** A plain map to DynamoDB's; properties that are `undefined` are left out. */
export function toWireItem(item: DynamoMap): WireItem {
  const wire: WireItem = {};
  for (const name of Object.keys(item)) {
    const value = item[name];
    if (value !== undefined) wire[name] = toWire(value);
  }
  return wire;
}

/** DynamoDB's values to plain ones. Bytes come as bytes from the SDK and as base64 from JSON. Sets, which we never write, become lists. */
function fromWire(value: AttributeValue): DynamoValue {
  if (value.S !== undefined) return value.S;
  if (value.N !== undefined) return Number(value.N);
  if (value.M !== undefined) return fromWireItem(value.M);
  if (value.BOOL !== undefined) return value.BOOL;
  if (value.L !== undefined) return value.L.map(fromWire);
  if (value.B !== undefined) return bytesOf(value.B);
  if (value.SS !== undefined) return value.SS;
  if (value.NS !== undefined) return value.NS.map(Number);
  return null;
}

/** An item of DynamoDB to a plain one. */
export function fromWireItem(wire: Readonly<Record<string, AttributeValue>>): DynamoItem {
  const item: Record<string, DynamoValue> = {};
  for (const name of Object.keys(wire)) {
    const value = wire[name];
    if (value !== undefined) item[name] = fromWire(value);
  }
  return item;
}

function isList(value: readonly DynamoValue[] | DynamoMap): value is readonly DynamoValue[] {
  return Array.isArray(value);
}

function bytesOf(value: Uint8Array | string): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value, 'base64') : value;
}

/** Bytes that the AWS SDK takes as they are and `JSON.stringify` writes as DynamoDB's JSON wants them. */
function wireBytes(value: Uint8Array): Uint8Array {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return Object.assign(new Uint8Array(bytes), { toJSON: () => bytes.toString('base64') });
}
