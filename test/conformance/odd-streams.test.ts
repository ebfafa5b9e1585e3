import type { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestGateway } from '../support/gateway.ts';
import { oddFraming, oddlyFramed } from '../support/odd-frames.ts';
import { startUpstream, type TestUpstream } from '../support/upstream.ts';
import { chatClient } from './chat-client.ts';
import { geminiClient } from './gemini-client.ts';
import { messagesClient } from './messages-client.ts';
import { startNativeGateway } from './native-gateway.ts';
import { isRefusal, readRecording } from './read-recording.ts';
import type { Reading } from './reading.ts';
import { toolsOf } from './recorded-tools.ts';
import { type Family, type Recording, recordings } from './recordings.ts';
import { responsesClient } from './responses-client.ts';

/**
 * A model behind each format that comes as server-sent events, and clients that it has to be translated for. To its own
 * client it goes as it came, where test/dialects/stream-fuzz.test.ts holds what the gateway reads of it.
 */
const formats = [
  { family: 'openai-chat', model: 'openai-compatible/m', clients: [messagesClient, geminiClient], ends: ['[DONE]'] },
  { family: 'anthropic-messages', model: 'anthropic/claude-sonnet-4-5', clients: [chatClient, responsesClient], ends: [] },
  { family: 'openai-responses', model: 'openai/gpt-5.2-codex', clients: [chatClient, messagesClient], ends: [] },
  { family: 'google-generate-content', model: 'google/gemini-3-pro-preview', clients: [chatClient, responsesClient], ends: [] },
] as const;

let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startNativeGateway(upstream.url);
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

const streamsOf = (family: Family) =>
  recordings().filter((one) => one.family === family && one.events !== undefined && !isRefusal(readRecording(one)));

/** Plays bytes cut at places that know nothing of events or characters. */
function play(bytes: Buffer, at: readonly number[]): void {
  const places = [0, ...at.map((place) => place % (bytes.length + 1)).sort((one, other) => one - other), bytes.length];
  upstream.behave(async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    for (const [index, end] of places.slice(1).entries()) {
      const piece = bytes.subarray(places[index], end);
      if (piece.length > 0) response.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  });
}

const cuts = fc.array(fc.nat({ max: 20_000 }), { maxLength: 12 });

describe.each(formats)('a stream of $family', ({ family, model, clients, ends }) => {
  it.each(clients)('says the same to a client of $dialect, however it is framed and cut', async (client) => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...streamsOf(family)), oddFraming, cuts, async (recording, framing, at) => {
        const once = family === 'google-generate-content' ? { ...framing, ends: 1 } : framing;
        play(
          oddlyFramed([...(recording.events ?? []), ...ends], once, family === 'anthropic-messages' || family === 'openai-responses'),
          at,
        );
        const said = saidBy(recording);
        expect(comparable(await client.ask(gateway, model, true, toolsOf(said)), said)).toEqual(said);
      }),
      { numRuns: 40 },
    );
  });
});

function saidBy(recording: Recording): Reading {
  const said = readRecording(recording);
  if (isRefusal(said)) throw new Error('a refusal');
  return said;
}

/** Gemini gives its calls no ids, so those that were made for them say nothing. */
function comparable(read: Reading, said: Reading): Reading {
  return {
    ...read,
    toolCalls: read.toolCalls.map((call, index) => (said.toolCalls[index]?.id === undefined ? { ...call, id: undefined } : call)),
  };
}
