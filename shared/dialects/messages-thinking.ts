import type { SharedV4ProviderMetadata, SharedV4ProviderOptions } from '@ai-sdk/provider';
import { isJsonObject, type JsonObject } from '../calls/json.ts';
import { seal, toldMetadata, unseal } from './sealed-metadata.ts';

/**
 * A block of reasoning as Anthropic shows it. A Claude signature stands as it is, whoever serves the model; what any
 * other provider wants to see again is sealed into the place of the signature, and be it nothing: so it is known for
 * what it is when the conversation goes on with Claude, who takes no thoughts but its own.
 */
export function thinkingBlock(text: string, metadata: SharedV4ProviderMetadata | undefined): JsonObject {
  const told = toldMetadata(metadata);
  const own = told.anthropic ?? told.amazonBedrock;
  // Bedrock's package tells the same under an older name as well.
  const isClaude = Object.keys(told).every((key) => key === 'anthropic' || key === 'amazonBedrock' || key === 'bedrock');
  if (isJsonObject(own) && isClaude && Object.keys(own).length === 1) {
    if (typeof own.signature === 'string') return { type: 'thinking', thinking: text, signature: own.signature };
    if (typeof own.redactedData === 'string' && text === '') return { type: 'redacted_thinking', data: own.redactedData };
  }
  return { type: 'thinking', thinking: text, signature: seal(told) };
}

/** What belongs to a text or a tool call, in a block of its own after it: clients send such blocks back as they are. */
export function carrierBlock(metadata: JsonObject, belongsTo: string): JsonObject {
  return { type: 'redacted_thinking', data: seal(metadata, belongsTo) };
}

/** The options that go back with a thinking block's text. */
export function thinkingOptions(signature: unknown): SharedV4ProviderOptions | undefined {
  if (typeof signature !== 'string' || signature === '') return undefined;
  // A Claude signature is good on every platform that serves the model
  // (https://platform.claude.com/docs/en/build-with-claude/extended-thinking#thinking-encryption).
  return unseal(signature)?.metadata ?? { anthropic: { signature }, amazonBedrock: { signature } };
}
