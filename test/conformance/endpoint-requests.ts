/** A call of an endpoint that is no chat: in the dialect of its path, for a provider that speaks it or one that it is translated for. */
export interface EndpointRequest {
  readonly name: string;
  readonly path: string;
  readonly model: string;
  /** The body; with a `file` it travels as a form. */
  readonly body: Readonly<Record<string, unknown>>;
}

const request = (name: string, path: string, model: string, body: object): EndpointRequest => ({ name, path, model, body: { ...body } });

/** Embeddings and media, each with all that its provider can be told. */
export const endpointRequests: readonly EndpointRequest[] = [
  request('an embedding', '/v1/embeddings', 'openai/text-embedding-3-small', { input: 'Hi.' }),
  request('embeddings', '/v1/embeddings', 'openai/text-embedding-3-small', {
    input: ['Hi.', 'Ho.'],
    dimensions: 256,
    encoding_format: 'float',
    user: 'ada',
  }),
  request('embeddings of tokens', '/v1/embeddings', 'openai/text-embedding-3-small', { input: [1, 2, 3] }),
  request('an embedding of Titan', '/v1/embeddings', 'bedrock/amazon.titan-embed-text-v2:0', { input: 'Hi.', dimensions: 256 }),
  request('embeddings of Cohere at Bedrock', '/v1/embeddings', 'bedrock/cohere.embed-english-v3', { input: ['Hi.', 'Ho.'] }),
  request('an image', '/v1/images/generations', 'openai/gpt-image-1', { prompt: 'A heron.' }),
  request('images', '/v1/images/generations', 'openai/gpt-image-1', {
    prompt: 'A heron.',
    n: 2,
    size: '1024x1024',
    quality: 'low',
    background: 'transparent',
    output_format: 'png',
  }),
  request('an image of Nova', '/v1/images/generations', 'bedrock/amazon.nova-canvas-v1:0', {
    prompt: 'A heron.',
    n: 2,
    size: '1024x1024',
    seed: 7,
  }),
  request('speech', '/v1/audio/speech', 'openai/gpt-4o-mini-tts', {
    input: 'Hi.',
    voice: 'alloy',
    response_format: 'mp3',
    speed: 1.2,
    instructions: 'Slowly.',
  }),
  request('speech of Gemini', '/v1/audio/speech', 'google/gemini-2.5-flash-preview-tts', { input: 'Hi.', voice: 'Kore' }),
  request('a transcription', '/v1/audio/transcriptions', 'openai/gpt-4o-mini-transcribe', {
    file: 'sound',
    language: 'en',
    prompt: 'Herons.',
    response_format: 'json',
    temperature: 0.2,
  }),
  request('a moderation', '/v1/moderations', 'openai/omni-moderation-latest', { input: 'Hi.' }),
  request('a moderation of parts', '/v1/moderations', 'openai/omni-moderation-latest', {
    input: [
      { type: 'text', text: 'Hi.' },
      { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
    ],
  }),
  request('a ranking', '/v1/rerank', 'cohere/rerank-v3.5', { query: 'birds', documents: ['herons', 'cars'], top_n: 1 }),
];
