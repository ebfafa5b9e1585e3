import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestGateway } from '../support/gateway.ts';
import { startNativeGateway } from './native-gateway.ts';
import { isRefusal, readRecording } from './read-recording.ts';
import { type RecordedUpstream, startRecordedUpstream } from './recorded-upstream.ts';
import { type Family, type Recording, recordings } from './recordings.ts';

/** Where a client of a provider's own dialect asks, and with what. Converse is no dialect of the gateway's. */
const asked: Readonly<Partial<Record<Family, (stream: boolean) => { path: string; body: object }>>> = {
  'anthropic-messages': (stream) => ({
    path: '/v1/messages',
    body: { model: 'anthropic/claude-sonnet-4-5', max_tokens: 1000, messages: [{ role: 'user', content: 'Go on.' }], stream },
  }),
  'google-generate-content': (stream) => ({
    path: `/v1beta/models/google/gemini-3-pro-preview:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`,
    body: { contents: [{ role: 'user', parts: [{ text: 'Go on.' }] }] },
  }),
  'openai-chat': (stream) => ({
    path: '/v1/chat/completions',
    body: {
      model: 'openai-compatible/m',
      messages: [{ role: 'user', content: 'Go on.' }],
      ...(stream && { stream, stream_options: { include_usage: true } }),
    },
  }),
  'openai-responses': (stream) => ({ path: '/v1/responses', body: { model: 'openai/gpt-5.2', input: 'Go on.', stream } }),
};

const all = recordings().filter((recording) => asked[recording.family] !== undefined && !isRefusal(readRecording(recording)));
let upstream: RecordedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startRecordedUpstream();
  gateway = await startNativeGateway(upstream.url);
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

/** The JSON of each event, with the cost that the gateway adds taken out of the text: nothing else may differ, to the byte. */
function dataOf(body: string): string[] {
  return body
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data: '))
    .map((line) => withoutCost(line.slice(6)));
}

function withoutCost(json: string): string {
  return json.replace(/,"cost_usd":[\d.]+/, '');
}

describe("a provider's own dialect", () => {
  it.each(all.map((recording) => [`${recording.family}/${recording.name}`, recording] as const))(
    'hands %s on to the byte, but for the cost',
    async (_name, recording) => {
      upstream.play(recording);
      const body = await ask(recording);
      if (recording.body !== undefined) expect(withoutCost(body)).toBe(recording.body);
      else expect(dataOf(body)).toEqual([...(recording.events ?? []), ...(recording.family === 'openai-chat' ? ['[DONE]'] : [])]);
    },
  );
});

async function ask(recording: Recording): Promise<string> {
  const question = asked[recording.family]?.(recording.events !== undefined);
  if (question === undefined) throw new Error('no dialect');
  const response = await fetch(gateway.url + question.path, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
    body: JSON.stringify(question.body),
  });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return text;
}
