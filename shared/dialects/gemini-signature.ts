import { Buffer } from 'node:buffer';
import type { SharedV4ProviderMetadata, SharedV4ProviderOptions } from '@ai-sdk/provider';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';

/**
 * What a provider wants to see again with a part, as its `thoughtSignature`: Google's own signatures as they are,
 * anything else as base64 of `{"sluice": {provider: metadata}}`, since Google's clients take the field for base64
 * (https://ai.google.dev/gemini-api/docs/thought-signatures). A caller who sends parts back as they came loses nothing.
 */
export function signatureOf(metadata: SharedV4ProviderMetadata | undefined): string | undefined {
  const told = withoutNulls(metadata);
  const entries = Object.entries(told);
  if (entries.length === 0) return undefined;
  const google = told.google;
  if (entries.length === 1 && isJsonObject(google) && Object.keys(google).length === 1 && typeof google.thoughtSignature === 'string')
    return google.thoughtSignature;
  return Buffer.from(JSON.stringify({ sluice: told })).toString('base64');
}

/** Reads a `thoughtSignature` as a caller sends it back. */
export function readSignature(signature: string | undefined): SharedV4ProviderOptions | undefined {
  if (signature === undefined || signature === '') return undefined;
  const told = ownSignature(signature);
  if (told === undefined) return { google: { thoughtSignature: signature } };
  const options: SharedV4ProviderOptions = {};
  for (const [key, value] of Object.entries(told)) if (isJsonObject(value)) options[key] = value;
  // A Claude signature is good on every platform that serves the model
  // (https://platform.claude.com/docs/en/build-with-claude/extended-thinking#thinking-encryption).
  const claude = options.anthropic ?? options.amazonBedrock;
  return claude === undefined ? options : { ...options, anthropic: claude, amazonBedrock: claude };
}

/** `{"sluice":` in base64. */
const ownMark = 'eyJzbHVpY2UiO';

function ownSignature(signature: string): JsonObject | undefined {
  // Some clients write bytes as URL-safe base64, which `Buffer` reads too.
  if (!signature.startsWith(ownMark)) return undefined;
  try {
    const value: JsonValue = JSON.parse(Buffer.from(signature, 'base64').toString('utf8'));
    return isJsonObject(value) && isJsonObject(value.sluice) ? value.sluice : undefined;
  } catch {
    return undefined;
  }
}

/** Metadata without what is null: that says nothing, and options that are sent back do not take it. */
function withoutNulls(metadata: SharedV4ProviderMetadata | undefined): JsonObject {
  const plain: JsonValue = JSON.parse(JSON.stringify(metadata ?? {}));
  const object: JsonObject = {};
  for (const [key, value] of Object.entries(isJsonObject(plain) ? plain : {})) {
    const told = isJsonObject(value) ? Object.entries(value).filter(([, inner]) => inner !== null) : [];
    if (told.length > 0) object[key] = Object.fromEntries(told);
  }
  return object;
}
