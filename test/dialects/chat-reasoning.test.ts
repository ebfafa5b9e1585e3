import type { JSONObject, SharedV4ProviderMetadata } from '@ai-sdk/provider';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extraContent, readExtraContent, readReasoningDetails, reasoningDetail } from '../../shared/dialects/chat-completions-reasoning.ts';

const own = fc.dictionary(fc.stringMatching(/^[a-zA-Z]{1,12}$/), fc.oneof(fc.string(), fc.nat(), fc.boolean()), { minKeys: 1, maxKeys: 3 });
const metadata: fc.Arbitrary<SharedV4ProviderMetadata> = fc.oneof(
  fc.record({ anthropic: fc.record({ signature: fc.string() }) }),
  fc.record({ anthropic: fc.record({ redactedData: fc.string() }) }),
  fc.record({ amazonBedrock: fc.record({ signature: fc.string() }), bedrock: fc.record({ signature: fc.string() }) }),
  fc.record({ google: fc.record({ thoughtSignature: fc.string() }) }),
  fc.record({ openai: fc.record({ itemId: fc.string(), reasoningEncryptedContent: fc.string() }) }),
  fc.record({ openai: fc.record({ itemId: fc.string() }) }),
  fc.dictionary(fc.constantFrom('anthropic', 'google', 'openai', 'someone'), own, { minKeys: 1 }).map((value): SharedV4ProviderMetadata => {
    const typed: Record<string, JSONObject> = {};
    for (const [key, inner] of Object.entries(value)) typed[key] = inner;
    return typed;
  }),
);

describe('reasoning_details', () => {
  it('bring back every block with all that its provider gave', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), metadata), { minLength: 1, maxLength: 4 }), (blocks) => {
        const details = blocks.map(([text, given], index) => reasoningDetail({ text, metadata: given }, index));
        const read = readReasoningDetails(JSON.parse(JSON.stringify(details)));
        expect(read.map(({ text }) => text)).toEqual(blocks.map(([text]) => text));
        for (const [index, [, given]] of blocks.entries()) {
          // Bedrock's older name for the same is not sent back twice.
          const { bedrock: _twice, ...rest } = given;
          expect(read[index]?.providerOptions).toMatchObject(rest);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('are worded as OpenRouter words them', () => {
    expect(reasoningDetail({ text: 'Hm.', metadata: { anthropic: { signature: 's' } } }, 0)).toEqual({
      type: 'reasoning.text',
      text: 'Hm.',
      signature: 's',
      format: 'anthropic-claude-v1',
      index: 0,
    });
    expect(reasoningDetail({ text: '', metadata: { openai: { itemId: 'rs_1', reasoningEncryptedContent: 'e' } } }, 1)).toEqual({
      type: 'reasoning.encrypted',
      id: 'rs_1',
      data: 'e',
      format: 'openai-responses-v1',
      index: 1,
    });
  });

  it('serve a Claude model on any platform', () => {
    const [block] = readReasoningDetails([
      { type: 'reasoning.text', text: 'Hm.', signature: 's', format: 'anthropic-claude-v1', index: 0 },
    ]);
    expect(block?.providerOptions).toEqual({ anthropic: { signature: 's' }, amazonBedrock: { signature: 's' } });
  });

  it('that came in pieces of a stream are joined by index', () => {
    const pieces = [
      { type: 'reasoning.text', text: 'Let ', index: 0 },
      { type: 'reasoning.text', text: 'me', index: 0 },
      { type: 'reasoning.text', text: '', signature: 's', index: 0 },
      { type: 'reasoning.encrypted', data: 'd', index: 1 },
    ];
    expect(readReasoningDetails(pieces)).toMatchObject([
      { text: 'Let me', providerOptions: { anthropic: { signature: 's' } } },
      { text: '', providerOptions: { anthropic: { redactedData: 'd' } } },
    ]);
  });
});

describe('extra_content', () => {
  it('brings back all that a provider gave with a text or a call', () => {
    fc.assert(
      fc.property(metadata, (given) => {
        const carried: unknown = JSON.parse(JSON.stringify(extraContent(given)));
        expect(readExtraContent(carried)).toEqual(given);
      }),
      { numRuns: 300 },
    );
  });

  it('puts a thought signature where Google puts it', () => {
    expect(extraContent({ google: { thoughtSignature: 's' } })).toEqual({ google: { thought_signature: 's' } });
  });
});
