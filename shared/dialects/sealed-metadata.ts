import { Buffer } from 'node:buffer';
import type { SharedV4ProviderMetadata, SharedV4ProviderOptions } from '@ai-sdk/provider';
import { isJsonObject, type JsonObject, type JsonValue, parsedJson } from '../calls/json.ts';

/**
 * What a provider wants to see again, sealed into a string that a client of another dialect keeps and sends back
 * unread, as it does with a signature or with encrypted reasoning of its own vendor. The form, which is documented for
 * clients in docs/compatibility.md: `sluice.v1.` and the base64url of a JSON object with `metadata`, as the AI SDK names
 * it, and with `for` where it belongs to another block than it stands in: the id of the tool call, `text` for the text before
 * it, or nothing (`""`) for a text that is empty.
 */
export interface Sealed {
  readonly metadata: SharedV4ProviderOptions;
  readonly for?: string | undefined;
}

const mark = 'sluice.v1.';

export function seal(metadata: JsonObject, belongsTo?: string): string {
  const sealed = belongsTo === undefined ? { metadata } : { for: belongsTo, metadata };
  return mark + Buffer.from(JSON.stringify(sealed)).toString('base64url');
}

/** What was sealed; undefined for any other string. */
export function unseal(text: unknown): Sealed | undefined {
  if (!isSealed(text)) return undefined;
  const value = parsedJson(Buffer.from(text.slice(mark.length), 'base64url').toString('utf8'));
  if (!isJsonObject(value)) return undefined;
  return { metadata: optionsOf(value.metadata), ...(typeof value.for === 'string' && { for: value.for }) };
}

/** Whether a string was made by `seal`. No vendor but the gateway can read it. */
export function isSealed(text: unknown): text is string {
  return typeof text === 'string' && text.startsWith(mark);
}

/** Metadata without what is null: those say nothing, and options that are sent back do not take them. */
export function toldMetadata(metadata: SharedV4ProviderMetadata | undefined): JsonObject {
  const told: JsonObject = {};
  if (metadata === undefined) return told;
  const plain: JsonValue = JSON.parse(JSON.stringify(metadata));
  for (const [key, value] of Object.entries(isJsonObject(plain) ? plain : {})) {
    if (!isJsonObject(value)) continue;
    const entries = Object.entries(value).filter(([, inner]) => inner !== null);
    if (entries.length > 0) told[key] = Object.fromEntries(entries);
  }
  return told;
}

/**
 * What is said of a text or a tool call only for the reader's sake, or points to what lies with a provider that keeps
 * nothing for the gateway: it need not come back.
 */
const notAsked = new Set(['itemId', 'annotations', 'citations', 'logprobs', 'toolName']);

/** The metadata of a text or a tool call that its provider wants to see again, such as Gemini's thought signatures; undefined where there is none. */
export function carriedMetadata(metadata: SharedV4ProviderMetadata | undefined): JsonObject | undefined {
  const carried: JsonObject = {};
  for (const [key, value] of Object.entries(toldMetadata(metadata))) {
    if (!isJsonObject(value)) continue;
    const entries = Object.entries(value).filter(([name, inner]) => !notAsked.has(name) && !isDirectCaller(name, inner));
    if (entries.length > 0) carried[key] = Object.fromEntries(entries);
  }
  return Object.keys(carried).length === 0 ? undefined : carried;
}

function isDirectCaller(name: string, value: JsonValue): boolean {
  return name === 'caller' && isJsonObject(value) && value.type === 'direct';
}

/** Metadata laid over other metadata, provider by provider. */
export function mergedMetadata(
  known: SharedV4ProviderMetadata | undefined,
  more: SharedV4ProviderMetadata | undefined,
): SharedV4ProviderMetadata | undefined {
  if (known === undefined || more === undefined) return more ?? known;
  const all: SharedV4ProviderMetadata = { ...known };
  for (const [key, value] of Object.entries(more)) all[key] = { ...all[key], ...value };
  return all;
}

function optionsOf(value: JsonValue | undefined): SharedV4ProviderOptions {
  const options: SharedV4ProviderOptions = {};
  for (const [key, inner] of Object.entries(isJsonObject(value) ? value : {})) if (isJsonObject(inner)) options[key] = inner;
  return options;
}
