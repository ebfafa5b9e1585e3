import type { ProviderRow } from './catalogue-schema.ts';

/** Makers of embedding and reranking models, which have no chat. */
export const searchRows = [
  {
    id: 'voyage',
    name: 'Voyage AI',
    source: 'https://docs.voyageai.com/reference/embeddings-api',
    baseUrl: 'https://{host}/v1',
    auth: 'bearer',
    options: [
      {
        name: 'host',
        // https://www.mongodb.com/docs/voyageai/tutorials/migrate-to-atlas
        description: "Where the key is from: api.voyageai.com (Voyage's own dashboard) or ai.mongodb.com (MongoDB Atlas)",
        default: 'api.voyageai.com',
      },
    ],
    keyVariables: ['VOYAGE_API_KEY'],
    dialects: {
      embeddings: { path: '/embeddings' },
    },
    quirks: { errorShape: 'detail' },
  },
  {
    id: 'jina',
    name: 'Jina AI',
    source: 'https://jina.ai/embeddings/',
    baseUrl: 'https://api.jina.ai/v1',
    auth: 'bearer',
    keyVariables: ['JINA_API_KEY', 'JINA_AI_API_KEY'],
    dialects: {
      embeddings: { path: '/embeddings' },
      rerank: { path: '/rerank' },
    },
    quirks: { errorShape: 'detail' },
  },
] as const satisfies readonly ProviderRow[];
