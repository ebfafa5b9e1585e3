import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LooseJson } from '../conformance/loose-json.ts';
import { sendRecording } from '../conformance/recorded-upstream.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, startUpstream, type TestUpstream } from '../support/upstream.ts';

const image = 'iVBORw0KGgo=';
const head = { modelVersion: 'gemini-3-pro-image-preview', responseId: 'r1' };
const usageMetadata = { promptTokenCount: 8, candidatesTokenCount: 1290, totalTokenCount: 1298 };
const parts = [{ text: 'Here.' }, { inlineData: { mimeType: 'image/png', data: image }, thoughtSignature: 'c2ln' }];
const groundingMetadata = { groundingChunks: [{ web: { uri: 'https://example.org', title: 'Example' } }] };
const whole = {
  candidates: [{ content: { parts, role: 'model' }, finishReason: 'STOP', index: 0, groundingMetadata }],
  usageMetadata,
  ...head,
};
const events = [
  ...parts.map((part) => ({ candidates: [{ content: { parts: [part], role: 'model' }, index: 0 }], ...head })),
  {
    candidates: [{ content: { parts: [{ text: '' }], role: 'model' }, finishReason: 'STOP', index: 0, groundingMetadata }],
    usageMetadata,
    ...head,
  },
];
const model = 'google/gemini-3-pro-image-preview';

let upstream: TestUpstream;
let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startUpstream();
  const provider = { base_url: new URL(upstream.url).origin, api_key: 'env:KEY', allow_private_address: true };
  gateway = await startGateway({
    config: { providers: { google: provider, anthropic: provider, openai: provider }, defaults: { retries: 0 } },
    environment: { KEY: 'k' },
  });
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

const recording = {
  family: 'google-generate-content',
  name: 'image',
  body: undefined,
  events: events.map((event) => JSON.stringify(event)),
} as const;
const play = (stream: boolean) =>
  upstream.behave(stream ? (_request, response) => sendRecording(recording, response) : answerJson(200, whole));
const sent = () => LooseJson.parse(upstream.received.at(-1)?.body ?? '');

describe.each([false, true])('an image that a model makes, streamed: %s', (stream) => {
  it('comes and goes with a chat completion', async () => {
    play(stream);
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'Draw.' }];
    const answer = stream
      ? await client.chat.completions.stream({ model, messages }).finalMessage()
      : (await client.chat.completions.create({ model, messages })).choices[0]?.message;
    // A client that puts deltas together by its own rules keeps the list as well.
    const images = new LooseJson(answer).at('images').items;
    expect(images.map((one) => one.at('image_url', 'url').text)).toEqual([`data:image/png;base64,${image}`]);
    play(false);
    const again = { role: 'assistant' as const, content: 'Here.', images: JSON.parse(new LooseJson(answer).at('images').json) };
    await client.chat.completions.create({ model, messages: [...messages, again, { role: 'user', content: 'Brighter.' }] });
    const [, said] = sent().at('contents').items;
    expect(said?.at('parts').items.map(({ json }) => JSON.parse(json))).toEqual(parts);
  });

  it('comes and goes with a response, and so do sources', async () => {
    play(stream);
    const response = stream
      ? await client.responses.stream({ model, input: 'Draw.' }).finalResponse()
      : await client.responses.create({ model, input: 'Draw.' });
    const drawn = response.output.find(({ type }) => type === 'image_generation_call');
    expect(drawn).toMatchObject({ status: 'completed', result: image });
    const [text] = response.output.flatMap((item) => (item.type === 'message' ? item.content : []));
    expect(text).toMatchObject({ text: 'Here.', annotations: [{ type: 'url_citation', url: 'https://example.org', title: 'Example' }] });
    play(false);
    const turns = [{ role: 'user', content: 'Draw.' }, ...response.output, { role: 'user', content: 'Brighter.' }];
    const input: OpenAI.Responses.ResponseInput = JSON.parse(JSON.stringify(turns));
    await client.responses.create({ model, input });
    const [, said] = sent().at('contents').items;
    expect(said?.at('parts').items.map(({ json }) => JSON.parse(json))).toEqual(parts);
  });
});

describe('an image that a model made', () => {
  it('is named as dropped for a provider that takes none, and kept from OpenAI', async () => {
    upstream.behave(answerJson(400, { type: 'error', error: { type: 'invalid_request_error', message: 'seen' } }));
    const made = {
      role: 'assistant',
      content: 'Here.',
      images: [{ type: 'image_url', image_url: { url: `data:image/png;base64,${image}` } }],
    };
    const refused = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json', 'x-sluice-strict': 'true' },
      body: JSON.stringify({
        model: 'anthropic/claude-sonnet-4-5',
        messages: [{ role: 'user', content: 'Draw.' }, made, { role: 'user', content: 'Go on.' }],
      }),
    });
    expect(await refused.text()).toContain('messages.images');
    const item = { type: 'image_generation_call', id: 'ig_1', status: 'completed', result: image, encrypted_content: 'sluice.v1.e30' };
    const input: OpenAI.Responses.ResponseInput = JSON.parse(JSON.stringify([item, { role: 'user', content: 'Go on.' }]));
    await client.responses.create({ model: 'openai/gpt-5.2', input }).catch(() => undefined);
    expect(sent().at('input').items).toHaveLength(1);
  });
});
