import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { answerJson, pause, startUpstream, type TestUpstream, type UpstreamBehaviour } from '../support/upstream.ts';
import { wellBehaved } from './provider-farm.ts';

const names = ['eu-central-1', 'us-east-1', 'us-west-2'] as const;
const bedrockModel = 'openai.gpt-oss-120b-1:0';

let regions: TestUpstream[];
let gateway: TestGateway;

const gemini = answerJson(200, {
  candidates: [{ content: { role: 'model', parts: [{ text: 'hello' }] }, finishReason: 'STOP' }],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 1, totalTokenCount: 4 },
});

/** One server plays the same region of every provider. */
const anyDialect: UpstreamBehaviour = (request, response) =>
  (request.path.includes('generateContent') ? gemini : wellBehaved)(request, response);
const down = answerJson(503, { error: { message: 'down', type: 'server_error' } });

beforeAll(async () => {
  regions = await Promise.all(names.map(() => startUpstream(anyDialect)));
  const at = (index: number, path = ''): string => `${regions[index]?.url.replace(/\/v1$/, '')}${path}`;
  gateway = await startGateway({
    environment: {
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AZURE_EU: 'eu-key',
      AZURE_US: 'us-key',
      AZURE_US_SPARE: 'us-spare-key',
      GOOGLE_VERTEX_API_KEY: 'vertex-key',
    },
    config: {
      providers: {
        bedrock: {
          allow_private_address: true,
          regions: names.map((name, index) => ({ name, base_url: at(index), options: { region: name } })),
        },
        vertex: { allow_private_address: true, regions: names.map((name, index) => ({ name, base_url: at(index, `/${name}`) })) },
        azure: {
          allow_private_address: true,
          regions: [
            { name: 'eu', base_url: at(0), api_key: 'env:AZURE_EU' },
            { name: 'us', base_url: at(1), api_keys: ['env:AZURE_US', 'env:AZURE_US_SPARE'] },
          ],
        },
      },
      defaults: { retries: 0, timeouts: { first_byte_ms: 400 } },
    },
  });
});

afterAll(async () => {
  await gateway?.close();
  await Promise.all((regions ?? []).map((region) => region.close()));
});

beforeEach(() => {
  for (const region of regions) {
    region.behave(anyDialect);
    region.received.length = 0;
  }
});

interface Outcome {
  readonly status: number;
  readonly text: string;
  /** The region of each attempt, and how it ended. */
  readonly attempts: readonly (readonly [via: unknown, outcome: unknown])[];
}

async function ask(model: string, body: object = {}): Promise<Outcome> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hello' }], ...body }),
  });
  const text = await response.text();
  const id = response.headers.get('x-sluice-request-id');
  const { attempts } = await gateway.logged((line) => line.message === 'call' && line.request_id === id);
  const told = Array.isArray(attempts) ? attempts.map(({ via, outcome }) => [via, outcome] as const) : [];
  return { status: response.status, text, attempts: told };
}

async function healthOf(model: string): Promise<Record<string, unknown>> {
  const { targets } = (await gateway.admin('POST', '/admin/route/explain', { model })).body;
  const [target] = z.array(z.object({ health: z.array(z.object({ region: z.string(), breaker: z.string() })) })).parse(targets);
  return Object.fromEntries((target?.health ?? []).map(({ region, breaker }) => [region, breaker]));
}

async function calls(model: string, times: number): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let count = 0; count < times; count += 1) outcomes.push(await ask(model));
  return outcomes;
}

describe('a provider with several regions', () => {
  it.each([
    ['Bedrock', `bedrock/${bedrockModel}`],
    ['Vertex', 'vertex/gemini-2.5-flash'],
  ])('%s: spreads its calls over all of them', async (_name, model) => {
    // So many that chance alone leaves a region out once in a hundred million times.
    const outcomes = await calls(model, 48);
    for (const { status } of outcomes) expect(status).toBe(200);
    const attempts = JSON.stringify(outcomes.map((outcome) => outcome.attempts));
    for (const region of regions) expect(region.received.length, attempts).toBeGreaterThan(0);
  });

  it('signs for the region that it asks', async () => {
    await calls(`bedrock/${bedrockModel}`, 12);
    for (const [index, region] of regions.entries())
      for (const { headers } of region.received) expect(headers.authorization).toContain(`/${names[index]}/bedrock/aws4_request`);
  });

  it('has each region show its own key, and rotates the keys of one', async () => {
    await calls('azure/gpt-5.2', 48);
    const [eu, us] = regions;
    expect(new Set(eu?.received.map(({ headers }) => headers['api-key']))).toEqual(new Set(['eu-key']));
    expect(new Set(us?.received.map(({ headers }) => headers['api-key']))).toEqual(new Set(['us-key', 'us-spare-key']));
  });

  it.each([
    ['fails', down, 'server_error'],
    ['is silent', () => {}, 'timeout'],
    ['hangs up', (_request, response) => void response.destroy(), 'connection'],
    ['does not have the model', answerJson(404, { error: { message: 'no such model', code: 'model_not_found' } }), 'not_found'],
  ] as const satisfies readonly (readonly [string, UpstreamBehaviour, string])[])(
    'answers from another region in the same call where one %s, streamed and not',
    async (how, behaviour, outcome) => {
      regions[0]?.behave(behaviour);
      const model = `bedrock/openai.gpt-oss-${how.replaceAll(' ', '-')}`;
      const outcomes = [...(await calls(model, 6)), await ask(model, { stream: true })];
      expect(outcomes.map(({ status }) => status)).toEqual(outcomes.map(() => 200));
      const failed = outcomes.flatMap(({ attempts }) => attempts.filter(([, ended]) => ended !== 'answered'));
      for (const attempt of failed) expect(attempt).toEqual([names[0], outcome]);
      for (const { attempts } of outcomes) expect(attempts.length).toBeLessThanOrEqual(2);
    },
  );

  it('lets each region cool down by itself, and comes back to it', async () => {
    const model = 'bedrock/openai.gpt-oss-cooling';
    regions[1]?.behave(down);
    while ((await healthOf(model))[names[1]] === 'closed') {
      expect((await ask(model)).status).toBe(200);
      await pause(60);
    }
    expect(await healthOf(model)).toEqual({ [names[0]]: 'closed', [names[1]]: 'open', [names[2]]: 'closed' });
    expect(await gateway.logged((line) => line.message === 'breaker opened' && line.lane === `${model}#at:${names[1]}`)).toMatchObject({
      provider: 'bedrock',
      model: 'openai.gpt-oss-cooling',
    });
    for (const region of regions) region.received.length = 0;
    for (const { attempts } of await calls(model, 10)) expect(attempts).toHaveLength(1);
    expect(regions[1]?.received).toHaveLength(0);
    regions[1]?.behave(anyDialect);
    const wellAt = Date.now();
    while ((await healthOf(model))[names[1]] !== 'closed') {
      if (Date.now() - wellAt > 15_000) throw new Error('it never came back');
      await ask(model);
      await pause(100);
    }
  }, 40_000);

  it('leaves a throttled region alone for as long as it asks, and none of the others', async () => {
    const model = 'azure/gpt-5.2-throttled';
    regions[0]?.behave(answerJson(429, { error: { message: 'slow down', code: 'rate_limit_exceeded' } }, { 'retry-after': '30' }));
    for (const { status } of await calls(model, 16)) expect(status).toBe(200);
    expect(regions[0]?.received).toHaveLength(1);
  });

  it('tells of the failure when every region has it', async () => {
    for (const region of regions) region.behave(down);
    const { status, text, attempts } = await ask('bedrock/openai.gpt-oss-all-down');
    expect(status).toBe(502);
    expect(JSON.parse(text).error).toMatchObject({ code: 'provider_error' });
    expect(attempts.map(([via]) => via).sort()).toEqual([...names]);
  });
});
