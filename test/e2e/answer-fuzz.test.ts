import type { ServerResponse } from 'node:http';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JsonValue } from '../../shared/calls/json.ts';
import { answerPlainly, familyOf } from '../conformance/plain-answers.ts';
import { sendRecording } from '../conformance/recorded-upstream.ts';
import { type Recording, recordings } from '../conformance/recordings.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { odd, spoilt, wayIn } from '../support/spoilt.ts';
import { type ReceivedRequest, startUpstream, type TestUpstream } from '../support/upstream.ts';

let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream();
  const { origin } = new URL(upstream.url);
  const provider = { base_url: origin, api_key: 'env:KEY', allow_private_address: true };
  gateway = await startGateway({
    config: {
      providers: {
        compatible: { ...provider, type: 'openai-compatible', base_url: upstream.url },
        anthropic: provider,
        google: provider,
        bedrock: provider,
        openai: provider,
        cohere: provider,
      },
      defaults: { retries: 0, timeouts: { idle_ms: 2_000 } },
    },
    environment: { KEY: 'k' },
  });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

const question = 'Hello.';
const messages = [{ role: 'user', content: question }];
const schema = { type: 'object', properties: { city: { type: 'string' } } };

/** One request of each kind. */
const requests: readonly (readonly [path: string, body: object])[] = [
  ['/v1/chat/completions', { messages, tools: [{ type: 'function', function: { name: 'weather', parameters: schema } }] }],
  ['/v1/messages', { messages, max_tokens: 500, tools: [{ name: 'weather', input_schema: schema }] }],
  ['/v1/responses', { input: question, tools: [{ type: 'function', name: 'weather', parameters: schema }] }],
  ['/v1beta/models/{model}:generateContent', { contents: [{ role: 'user', parts: [{ text: question }] }] }],
  ['/v1beta/models/{model}:streamGenerateContent', { contents: [{ role: 'user', parts: [{ text: question }] }] }],
  ['/v1/completions', { prompt: question }],
  ['/v1/embeddings', { input: [question] }],
  ['/v1/images/generations', { prompt: question }],
  ['/v1/moderations', { input: question }],
  ['/v1/rerank', { query: question, documents: ['a', 'b'] }],
];
const models = [
  'compatible/m',
  'anthropic/claude-sonnet-4-5',
  'google/gemini-3-pro-preview',
  'bedrock/amazon.nova-pro-v1:0',
  'openai/gpt-5.6',
  'cohere/command-a',
];

const recorded = recordings().filter(({ name }) => !name.includes('error'));

/** How one answer is spoilt. */
interface Spoiling {
  /** Which of the answers that are at hand, and which of its events. */
  readonly which: number;
  readonly where: number;
  readonly turns: readonly number[];
  readonly replacement: JsonValue | undefined;
}

const spoilings: fc.Arbitrary<Spoiling> = fc.record({
  which: fc.nat(),
  where: fc.nat(),
  turns: wayIn,
  replacement: fc.option(odd, { nil: undefined }),
});

/** Answers with something recorded, or else with the shortest answer there is, of which one value is not as it should be. */
async function answerSpoilt(request: ReceivedRequest, response: ServerResponse, spoiling: Spoiling): Promise<void> {
  const { which, where, turns, replacement } = spoiling;
  const spoil = (text: string): string => JSON.stringify(spoilt(JSON.parse(text), turns, replacement));
  const { family, streams } = familyOf(request);
  const fitting = recorded.filter((each) => each.family === family && (each.events !== undefined) === streams);
  const chosen: Recording | undefined = fitting[which % (fitting.length + 1)];
  if (chosen === undefined) return await answerPlainly(request, response, spoil);
  const { events, body } = chosen;
  const at = where % (events?.length ?? 1);
  await sendRecording(
    {
      ...chosen,
      body: body && spoil(body),
      events: events?.map((event, index) => (index === at ? spoil(event) : event)),
    },
    response,
  );
}

let turn = 0;

/** Lines that tell of trouble of the gateway's own. */
const troubles = (): string[] => gateway.logLines.filter((line) => /"level":"error"/i.test(line));

describe('a spoilt answer of a provider', () => {
  it.each(requests)(
    'to %s is handed on or told as the fault of the provider, and nothing breaks',
    async (path, body) => {
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...models), spoilings, fc.boolean(), async (provider, spoiling, stream) => {
          upstream.behave((request, response) => answerSpoilt(request, response, spoiling));
          // A name of its own for each: a model that failed would be left alone for a while.
          turn += 1;
          const model = `${provider}-${turn}`;
          const inPath = path.includes('{model}');
          const response = await fetch(gateway.url + path.replace('{model}', model), {
            method: 'POST',
            headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
            body: JSON.stringify(inPath ? body : { ...body, model, ...(stream && { stream }) }),
          });
          const text = await response.text();
          expect(text).not.toContain('internal_error');
          expect(response.status).not.toBe(500);
        }),
        { numRuns: Number(process.env.FUZZ_RUNS ?? 80) },
      );
      expect(troubles()).toEqual([]);
    },
    60_000,
  );

  it('is in the books like any other', async () => {
    await expect
      .poll(async () => (await gateway.admin('GET', '/admin/audit/books')).body, { timeout: 15_000 })
      .toMatchObject({ agree: true });
    const { data } = (await gateway.admin('GET', '/admin/usage?group_by=day')).body as { data: { calls: number; cost_usd: number }[] };
    expect(data.reduce((sum, { calls }) => sum + calls, 0)).toBe(turn);
    // Nobody made up a sum: what is reported past all reason is charged like what is not reported.
    expect(data.reduce((sum, { cost_usd }) => sum + cost_usd, 0)).toBeLessThan(turn);
  });
});
