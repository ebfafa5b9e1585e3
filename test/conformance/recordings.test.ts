import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { chatClient } from './chat-client.ts';
import { geminiClient } from './gemini-client.ts';
import { messagesClient } from './messages-client.ts';
import { isRefusal, readRecording } from './read-recording.ts';
import type { Refusal } from './reading.ts';
import { toolsOf } from './recorded-tools.ts';
import { type RecordedUpstream, startRecordedUpstream } from './recorded-upstream.ts';
import { type Family, hasCollection, type Recording, recordings } from './recordings.ts';
import { responsesClient } from './responses-client.ts';

/** Dialects, each read by its official client. A further one is a further row. */
const clients = [chatClient, messagesClient, responsesClient, geminiClient];

/** Which provider speaks the format of a recording. */
const providers: Record<Family, (model: string | undefined) => string> = {
  'anthropic-messages': (model = 'claude-sonnet-4-5') => `anthropic/${model}`,
  'google-generate-content': (model = 'gemini-3-pro-preview') => `google/${model}`,
  // A model whose maker has no format of its own there, so that every dialect has to be translated.
  'bedrock-converse': () => 'bedrock/us.amazon.nova-premier-v1:0',
  'openai-chat': (model = 'gpt-4.1-nano') => `openai-compatible/${model}`,
  // A model of the Responses API alone, so that every other dialect has to be translated.
  'openai-responses': () => 'openai/gpt-5.2-codex',
};

const all = recordings();
let upstream: RecordedUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startRecordedUpstream();
  gateway = await startGateway({ config: configFor(new URL(upstream.url).origin), environment: { KEY: 'k' } });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

function configFor(origin: string): object {
  const provider = { base_url: origin, api_key: 'env:KEY', allow_private_address: true };
  const names = ['anthropic', 'google', 'bedrock', 'openai', 'openai-compatible'];
  // Trouble comes from providers of their own: one that had it is left alone for a while.
  const prefixes = ['', ...clients.flatMap(({ dialect }) => all.map((_recording, index) => troubled(dialect, index)))];
  const entries = names.flatMap((name) => prefixes.map((prefix) => [prefix + name, { ...provider, type: name }] as const));
  return { providers: Object.fromEntries(entries), defaults: { retries: 0 } };
}

describe.each(clients)('a client of $dialect', (client) => {
  it.each(all.map((recording) => [`${recording.family}/${recording.name}`, recording] as const))(
    'reads %s as it was said',
    async (_name, recording) => {
      const said = readRecording(recording);
      const model =
        (isRefusal(said) ? troubled(client.dialect, all.indexOf(recording)) : '') + providers[recording.family](modelOf(recording));
      const tools = isRefusal(said) ? [] : toolsOf(said);
      for (const pieceBytes of recording.events === undefined ? [undefined] : [undefined, 7]) {
        upstream.play(recording, pieceBytes === undefined ? {} : { pieceBytes });
        const asked = client.ask(gateway, model, recording.events !== undefined, tools);
        if (isRefusal(said)) await expect(asked).rejects.toMatchObject(errorFor(said, recording.events !== undefined));
        else expect(withoutIds(await asked, said.toolCalls)).toEqual(said);
      }
    },
  );

  const streams = all.flatMap((recording, index) => (recording.events === undefined ? [] : [[recording.name, index, recording] as const]));
  it.each(streams)('learns that %s is not whole when it ends in the middle', async (_name, index, recording) => {
    if (isRefusal(readRecording(recording))) return;
    const model = troubled(client.dialect, index) + providers[recording.family](modelOf(recording));
    upstream.play(recording, { events: Math.floor((recording.events?.length ?? 0) / 2) });
    await expect(client.ask(gateway, model, true, [])).rejects.toThrow(
      /ended its stream before the answer was complete|sent what its API does not promise/,
    );
  });
});

it.skipIf(hasCollection)(
  'finds no recordings of real answers: put them beside the project or name their folder in SLUICE_RECORDINGS',
  ({ skip }) => skip(),
);

function troubled(dialect: string, index: number): string {
  return `${dialect}-${index}-`;
}

/** A stream may have begun before its provider refuses; then no status tells. */
function errorFor(said: Refusal, isStream: boolean): object {
  const message = said.outOfQuota ? 'has no credit or quota left' : said.message;
  return { ...(!isStream && { status: said.outOfQuota ? 502 : said.status }), message: expect.stringContaining(message) };
}

function modelOf(recording: Recording): string | undefined {
  const text = recording.body ?? recording.events?.join('\n') ?? '';
  return /"(?:model|modelVersion)":\s*"([^"]+)"/.exec(text)?.[1];
}

/** Gemini gives its calls no ids, so those that were made for them say nothing. */
function withoutIds<T extends { toolCalls: readonly { id: string | undefined }[] }>(
  read: T,
  said: readonly { id: string | undefined }[],
): T {
  return { ...read, toolCalls: read.toolCalls.map((call, index) => (said[index]?.id === undefined ? { ...call, id: undefined } : call)) };
}
