import type { ProviderRow } from './catalogue-schema.ts';

/** Makers of embedding and reranking models, which have no chat. */
export const searchRows = [] as const satisfies readonly ProviderRow[];
