import type { LanguageModelV4GenerateResult, LanguageModelV4StreamPart, SharedV4ProviderMetadata } from '@ai-sdk/provider';

/**
 * Whether a text is what the provider noted for itself when it shortened the conversation, and not said to anybody
 * (https://platform.claude.com/docs/en/build-with-claude/compaction). The package tells it as any other text.
 */
function isSummary(metadata: SharedV4ProviderMetadata | undefined): boolean {
  return metadata?.anthropic?.type === 'compaction';
}

/** An answer without such texts. */
export function withoutSummaries(result: LanguageModelV4GenerateResult): LanguageModelV4GenerateResult {
  const content = result.content.filter((part) => part.type !== 'text' || !isSummary(part.providerMetadata));
  return content.length === result.content.length ? result : { ...result, content };
}

/** A rendering that passes over the parts of such texts. */
export function unlessSummary<Frame>(render: (part: LanguageModelV4StreamPart) => Frame[]): (part: LanguageModelV4StreamPart) => Frame[] {
  const open = new Set<string>();
  return (part) => {
    if (part.type === 'text-start' && isSummary(part.providerMetadata)) open.add(part.id);
    if (open.size === 0 || (part.type !== 'text-start' && part.type !== 'text-delta' && part.type !== 'text-end') || !open.has(part.id))
      return render(part);
    if (part.type === 'text-end') open.delete(part.id);
    return [];
  };
}
