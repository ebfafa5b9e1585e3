import type { SharedV4ProviderMetadata, SharedV4ProviderOptions } from '@ai-sdk/provider';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';

/** A block of reasoning: its text and what its provider wants to see again with it. */
export interface ReasoningBlock {
  readonly text: string;
  readonly metadata: SharedV4ProviderMetadata | undefined;
}

/**
 * How reasoning is written into `reasoning_details` of a message or a delta, in OpenRouter's words
 * (https://openrouter.ai/docs/use-cases/reasoning-tokens#preserving-reasoning-blocks): one item per block, and a caller
 * who sends the list back with the assistant message loses nothing. What those words cannot say stands in
 * `provider_metadata` as the provider gave it.
 */
const formats = {
  anthropic: 'anthropic-claude-v1',
  openai: 'openai-responses-v1',
  google: 'google-gemini-v1',
} as const;

/** One item of `reasoning_details`. */
export function reasoningDetail(block: ReasoningBlock, index: number): JsonObject {
  const given = metadataObject(block.metadata);
  const detail = wellKnownDetail(block.text, given) ?? { type: 'reasoning.text', text: block.text, provider_metadata: given };
  return { ...detail, index };
}

function wellKnownDetail(text: string, metadata: JsonObject): JsonObject | undefined {
  const entries = Object.entries(metadata);
  if (entries.length === 0) return { type: 'reasoning.text', text };
  const own = metadata.anthropic ?? metadata.amazonBedrock;
  // Bedrock's package tells the same under an older name as well.
  const rest = entries.filter(([key]) => key !== 'anthropic' && key !== 'amazonBedrock' && key !== 'bedrock');
  if (isJsonObject(own) && rest.length === 0) {
    if (holdsOnly(own, 'signature')) return { type: 'reasoning.text', text, signature: own.signature ?? null, format: formats.anthropic };
    if (holdsOnly(own, 'redactedData') && text === '')
      return { type: 'reasoning.encrypted', data: own.redactedData ?? null, format: formats.anthropic };
    return undefined;
  }
  const { google, openai } = metadata;
  if (entries.length > 1) return undefined;
  if (isJsonObject(google) && holdsOnly(google, 'thoughtSignature'))
    return { type: 'reasoning.text', text, signature: google.thoughtSignature ?? null, format: formats.google };
  if (isJsonObject(openai) && Object.keys(openai).every((key) => key === 'itemId' || key === 'reasoningEncryptedContent'))
    return openAiDetail(text, openai);
  return undefined;
}

function openAiDetail(text: string, own: JsonObject): JsonObject {
  const id: JsonObject = own.itemId === undefined ? {} : { id: own.itemId };
  const data: JsonObject = own.reasoningEncryptedContent == null ? {} : { data: own.reasoningEncryptedContent };
  const type = text === '' ? { type: 'reasoning.encrypted' } : { type: 'reasoning.summary', summary: text };
  return { ...type, ...id, ...data, format: formats.openai };
}

function holdsOnly(object: JsonObject, key: string): boolean {
  return Object.keys(object).length === 1 && typeof object[key] === 'string';
}

/** Reads `reasoning_details` as a caller sends them back. Pieces of a streamed block that carry the same index become one. */
export function readReasoningDetails(details: readonly JsonValue[]): { text: string; providerOptions: SharedV4ProviderOptions }[] {
  const blocks: { text: string; providerOptions: SharedV4ProviderOptions; index: JsonValue | undefined; type: JsonValue | undefined }[] =
    [];
  for (const detail of details) {
    if (!isJsonObject(detail)) continue;
    const block = { text: detailText(detail), providerOptions: detailOptions(detail), index: detail.index, type: detail.type };
    const last = blocks.at(-1);
    const continues = last !== undefined && block.index !== undefined && last.index === block.index && last.type === block.type;
    if (continues) {
      last.text += block.text;
      Object.assign(last.providerOptions, block.providerOptions);
    } else blocks.push(block);
  }
  return blocks.map(({ text, providerOptions }) => ({ text, providerOptions }));
}

function detailText(detail: JsonObject): string {
  const text = detail.text ?? detail.summary;
  return typeof text === 'string' ? text : '';
}

function detailOptions(detail: JsonObject): SharedV4ProviderOptions {
  if (isJsonObject(detail.provider_metadata)) return optionsOf(detail.provider_metadata);
  const { signature, data, id } = detail;
  switch (detail.format) {
    case formats.google:
      return typeof signature === 'string' ? { google: { thoughtSignature: signature } } : {};
    case formats.openai:
      return openAiOptions(id, data);
    default:
      // A Claude signature is good on every platform that serves the model
      // (https://platform.claude.com/docs/en/build-with-claude/extended-thinking#thinking-encryption).
      if (typeof signature === 'string') return { anthropic: { signature }, amazonBedrock: { signature } };
      return typeof data === 'string' ? { anthropic: { redactedData: data }, amazonBedrock: { redactedData: data } } : {};
  }
}

function openAiOptions(id: JsonValue | undefined, data: JsonValue | undefined): SharedV4ProviderOptions {
  const own: JsonObject = {
    ...(typeof id === 'string' && { itemId: id }),
    ...(typeof data === 'string' && { reasoningEncryptedContent: data }),
  };
  return Object.keys(own).length === 0 ? {} : { openai: own };
}

/**
 * What a provider wants to see again with a text or a tool call, as `extra_content` of the message or the call: Gemini's
 * thought signatures stand there as Google's own compatibility endpoint puts them
 * (https://ai.google.dev/gemini-api/docs/thought-signatures#openai), everything else as the provider gave it.
 */
export function extraContent(metadata: SharedV4ProviderMetadata | undefined): JsonObject | undefined {
  const given = metadataObject(metadata);
  const entries = Object.entries(given);
  if (entries.length === 0) return undefined;
  return Object.fromEntries(
    entries.map(([key, value]) => [key, key === 'google' ? renamed(value, 'thoughtSignature', 'thought_signature') : value]),
  );
}

/** Reads `extra_content` as a caller sends it back. */
export function readExtraContent(value: unknown): SharedV4ProviderOptions | undefined {
  if (!isJsonObject(value)) return undefined;
  const google = renamed(value.google ?? null, 'thought_signature', 'thoughtSignature');
  return optionsOf(value.google === undefined ? value : { ...value, google });
}

function renamed(value: JsonValue, from: string, to: string): JsonValue {
  if (!isJsonObject(value) || value[from] === undefined) return value;
  const moved: JsonObject = {};
  for (const [key, inner] of Object.entries(value)) moved[key === from ? to : key] = inner;
  return moved;
}

/** Metadata without what is null: those say nothing, and options that are sent back do not take them. */
function metadataObject(metadata: SharedV4ProviderMetadata | undefined): JsonObject {
  const plain: JsonValue = JSON.parse(JSON.stringify(metadata ?? {}));
  const object: JsonObject = {};
  if (!isJsonObject(plain)) return object;
  for (const [key, value] of Object.entries(plain)) {
    if (!isJsonObject(value)) continue;
    const told = Object.entries(value).filter(([, inner]) => inner !== null);
    if (told.length > 0) object[key] = Object.fromEntries(told);
  }
  return object;
}

function optionsOf(value: JsonObject): SharedV4ProviderOptions {
  const options: SharedV4ProviderOptions = {};
  for (const [key, inner] of Object.entries(value)) if (isJsonObject(inner)) options[key] = inner;
  return options;
}
