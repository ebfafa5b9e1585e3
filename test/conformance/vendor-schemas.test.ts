import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endpointRequests } from './endpoint-requests.ts';
import { dialects, type FeatureGateway, type Outcome, startFeatureGateway } from './feature-grid.ts';
import { type SentBody, type Violation, violationsOf } from './vendor-types.ts';

/** A field that goes out although the type of the vendor's client does not know it. */
interface Known {
  /** The end of the path that it is sent to. */
  readonly at: string;
  readonly features: readonly string[];
  /** The only dialect whose callers' words they are; else any. */
  readonly from?: string;
  /** A part of the line of the body, or of the compiler's words. */
  readonly field: string;
}

const known: readonly Known[] = [
  // The API takes them for the models that know them; the client has only what its newest models know.
  // https://platform.claude.com/docs/en/api/messages
  { at: '/messages', features: ['temperature'], field: '"temperature"' },
  { at: '/messages', features: ['top_p', 'topP'], field: '"top_p"' },
  { at: '/messages', features: ['top_k', 'topK'], field: '"top_k"' },
  // The guide writes levels in small letters, the client in capitals; the API reads both.
  // https://ai.google.dev/gemini-api/docs/generate-content/thinking
  {
    at: ':generateContent',
    features: ['reasoning effort', 'reasoning, sent back', 'reasoning summary', 'thinking, adaptive', 'thinking, with a budget'],
    field: '"thinkingLevel"',
  },
  // The caller's own words beyond OpenAI's, which go unchanged to providers that speak the same dialect.
  // https://openrouter.ai/docs/api/reference/parameters, https://openrouter.ai/docs/guides/best-practices/reasoning-tokens
  // and https://openrouter.ai/docs/guides/best-practices/prompt-caching
  { at: '/chat/completions', features: ['top_k'], field: '"top_k"' },
  { at: '/chat/completions', features: ['reasoning budget'], field: '"reasoning"' },
  { at: '/chat/completions', features: ['reasoning, sent back'], field: '"reasoning_details"' },
  { at: '/chat/completions', features: ['marks for the prompt cache'], field: '"cache_control"' },
  // What compatible providers call the thoughts of an earlier turn. https://api-docs.deepseek.com/guides/thinking_mode
  { at: '/chat/completions', features: ['thinking, sent back'], field: '"reasoning_content"' },
  // Google's compatibility endpoint, and those who pass it on, want a call's signature back in it.
  // https://ai.google.dev/gemini-api/docs/thought-signatures#openai
  { at: '/chat/completions', features: ['thoughts, sent back'], field: '"extra_content"' },
  // Where the caller leaves out what the API makes of nothing: no annotations, and a `detail` of `auto`.
  // https://platform.openai.com/docs/guides/images-vision and https://platform.openai.com/docs/guides/conversation-state
  { at: '/responses', features: ['several turns'], from: 'Responses', field: "Property 'annotations' is missing" },
  { at: '/responses', features: ['image, inline'], from: 'Responses', field: "Property 'detail' is missing" },
];

/** Features that Anthropic publishes with the types of its beta. */
const betas = ['context management', 'fast mode', 'MCP servers'];

let gateway: FeatureGateway;

beforeAll(async () => {
  gateway = await startFeatureGateway();
});
afterAll(async () => {
  await gateway?.close();
});

const exception = ({ way, feature, path, line, says }: Violation): Known | undefined =>
  known.find(
    ({ at, features, from = '', field }) =>
      path
        .replace(/:streamGenerateContent.*$/, ':generateContent')
        .replace(/-stream$/, '')
        .endsWith(at) &&
      features.includes(feature) &&
      way.startsWith(from) &&
      (line.includes(field) || says.includes(field)),
  );

async function everyBody(stream: boolean): Promise<SentBody[]> {
  const bodies: SentBody[] = [];
  for (const { name, path, features, columns } of dialects) {
    for (const { title, model } of columns) {
      for (const feature of features) {
        const sent = bodyOf(`${name} to ${title}`, await gateway.ask(path, model, feature, stream));
        if (sent !== undefined) bodies.push(sent);
      }
    }
  }
  return bodies;
}

/** Nothing is sent of what is refused. */
function bodyOf(way: string, { feature, status, error, path, body }: Outcome): SentBody | undefined {
  if (status === 400 && path === undefined) return undefined;
  expect(status, `${way}: ${feature}: ${error}`).toBe(200);
  return { way, feature, path: path ?? '', body, beta: betas.includes(feature) };
}

describe('what a provider receives', () => {
  it.each([
    ['whole', false],
    ['streamed', true],
  ])('is of the type that its vendor publishes, for every feature from every dialect, %s', async (_name, stream) => {
    const bodies = await everyBody(stream);
    for (const { name, features, columns } of dialects) {
      for (const { title } of columns) {
        const sent = bodies.filter(({ way }) => way === `${name} to ${title}`);
        expect(sent.length, `${name} to ${title}`).toBeGreaterThan(features.length * 0.8);
      }
    }
    const violations = await violationsOf(bodies);
    const found = violations.filter((violation) => exception(violation) === undefined);
    expect(found.map(({ way, feature, line, says }) => `${way}: ${feature}: at ${line}\n${says}`)).toEqual([]);
    const used = new Set(violations.map(exception));
    expect(known.filter((one) => !used.has(one))).toEqual([]);
  });

  it('is of the type that its vendor publishes, for embeddings and media', async () => {
    const bodies: SentBody[] = [];
    for (const request of endpointRequests) {
      const sent = await gateway.call(request);
      expect(sent.length, request.name).toBeGreaterThan(0);
      bodies.push(...sent.map(({ path, body }) => ({ way: request.name, feature: request.model, path, body })));
    }
    const violations = await violationsOf(bodies);
    expect(violations.map(({ way, feature, line, says }) => `${way}: ${feature}: at ${line}\n${says}`)).toEqual([]);
  });
});

describe('the check of a body', () => {
  const message = { role: 'user', content: 'Hello.' };
  const bedrock = { path: '/model/m/converse', body: { messages: [{ role: 'user', content: [{ text: 'Hello.' }] }] } };
  const google = { path: '/v1beta/models/m:generateContent', body: { contents: [{ role: 'user', parts: [{ text: 'Hello.' }] }] } };
  const sound = [
    { path: '/v1/chat/completions', body: { model: 'm', messages: [message] } },
    { path: '/v1/responses', body: { model: 'm', input: [message] } },
    { path: '/v1/messages', body: { model: 'claude-sonnet-4-5', max_tokens: 5, messages: [message] } },
    { path: '/v1/messages', body: { model: 'claude-sonnet-4-5', max_tokens: 5, messages: [message], speed: 'fast' }, beta: true },
    google,
    { ...google, path: '/v1beta/models/m:streamGenerateContent?alt=sse' },
    bedrock,
    { ...bedrock, path: '/model/m/converse-stream' },
    { path: '/v1/embeddings', body: { model: 'm', input: 'x' } },
    { path: '/v1/images/generations', body: { model: 'm', prompt: 'x' } },
    { path: '/v1/audio/speech', body: { model: 'm', input: 'x', voice: 'alloy' } },
    { path: '/v1/audio/transcriptions', body: { model: 'm', file: 'x' } },
    { path: '/v1/moderations', body: { model: 'm', input: 'x' } },
    { path: '/v1/rerank', body: { model: 'm', query: 'x', documents: ['y'] } },
  ].map((sent): SentBody => ({ way: 'sound', feature: sent.path, ...sent }));
  const misspelt = sound.map((sent) => ({ ...sent, way: 'misspelt', body: { ...Object(sent.body), mesages: [] } }));
  const ofAnotherType: SentBody[] = [
    { path: '/v1/chat/completions', body: { model: 'm', messages: [message], temperature: 'warm' } },
    { path: '/v1/responses', body: { model: 'm', input: [{ role: 'user', content: [{ type: 'input_text', text: 7 }] }] } },
    { path: '/v1/messages', body: { model: 'm', max_tokens: '5', messages: [message] } },
    { path: google.path, body: { ...google.body, toolConfig: { functionCallingConfig: { mode: 'SOMETIMES' } } } },
    { path: google.path, body: { contents: [{ role: 'user', parts: [{ txt: 'Hello.' }] }] } },
    { path: bedrock.path, body: { ...bedrock.body, inferenceConfig: { maxTokens: '5' } } },
    { path: bedrock.path, body: { messages: [{ role: 'user', content: [{ txt: 'Hello.' }] }] } },
  ].map((sent) => ({ way: 'of another type', feature: sent.path, ...sent }));

  it('finds a misspelt field and a value of another type in every format, and nothing in a sound one', async () => {
    const violations = await violationsOf([...sound, ...misspelt, ...ofAnotherType]);
    const found = new Set(violations.map(({ way, index }) => `${way} ${index}`));
    const expected = [...misspelt, ...ofAnotherType].map(({ way }, index) => `${way} ${index + sound.length}`);
    expect([...found]).toEqual(expected);
  });

  it('says where it is', async () => {
    const [violation, ...others] = await violationsOf(misspelt.slice(0, 1));
    expect(others).toEqual([]);
    expect(violation).toMatchObject({ feature: '/v1/chat/completions', line: '"mesages": []', says: expect.stringContaining('"mesages"') });
  });

  it('fails for a path whose type it does not know', async () => {
    await expect(violationsOf([{ way: 'x', feature: 'y', path: '/v2/chat', body: {} }])).rejects.toThrow('/v2/chat');
  });
});
