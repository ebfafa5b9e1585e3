import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { builtInProviders } from '../../shared/pricing/built-in-providers.ts';
import {
  completeRow,
  fillPlaceholders,
  findEndpoint,
  findModel,
  findProvider,
  knownModels,
  nearest,
  openAiCompatibleDialects,
  pointElsewhere,
  providerIds,
  providerRows,
  refusesTools,
  resolveOptions,
} from '../../shared/providers/catalogue.ts';
import { providerTable } from '../../shared/providers/catalogue-document.ts';
import { modelRows } from '../../shared/providers/catalogue-models.ts';
import { modelRowSchema, providerRowSchema } from '../../shared/providers/catalogue-schema.ts';

const placeholdersOf = (text: string) => [...text.matchAll(/\{([a-z_]+)\}/g)].map(([, name]) => name ?? '');

describe('the rows', () => {
  test.each(providerRows.map((row) => [row.id, row] as const))('%s keeps to the schema', (_, row) => {
    expect(providerRowSchema.parse(row)).toMatchObject(row);
  });

  test('no id stands twice', () => {
    expect(providerIds).toHaveLength(providerRows.length);
  });

  test.each(providerRows.map((row) => [row.id, row] as const))(
    '%s names every placeholder of its URLs as an option, and no other',
    (_, row) => {
      const urls = [row, ...(row.elsewhere ?? []), ...Object.values(row.dialects)].map(({ baseUrl = '' }) => baseUrl);
      const placeholders = new Set(urls.flatMap(placeholdersOf));
      expect(new Set((row.options ?? []).map(({ name }) => name))).toEqual(placeholders);
      for (const { path, streamPath = '' } of Object.values(row.dialects)) {
        for (const name of placeholdersOf(path + streamPath)) expect(name).toBe('model');
      }
    },
  );

  test.each(providerRows.map((row) => [row.id, row] as const))('%s can be reached: a dialect, and a key or a way without one', (_, row) => {
    expect(Object.keys(row.dialects)).not.toHaveLength(0);
    expect(row.keyVariables.length > 0 || row.auth === 'none' || row.authWithoutKey !== undefined).toBe(true);
  });

  test('a loopback address is that of a local server, and a local server alone may speak plain HTTP', () => {
    for (const { id, baseUrl, local = false } of providerRows) {
      expect([id, baseUrl.startsWith('http://')]).toEqual([id, local]);
      expect([id, new URL(baseUrl.replaceAll(/[{}]/g, '')).hostname === 'localhost']).toEqual([id, local]);
    }
  });
});

describe('the models', () => {
  const rows = Object.entries(modelRows).flatMap(([provider, models]) =>
    models.map((model) => [`${provider}/${model.id}`, provider, model] as const),
  );

  test.each(rows)('%s keeps to the schema', (_, provider, model) => {
    expect(modelRowSchema.parse(model)).toEqual(model);
    expect(providerIds).toContain(provider);
  });

  test('no id stands twice at one provider', () => {
    expect(new Set(rows.map(([name]) => name)).size).toBe(rows.length);
  });

  test('no model gives more than its context holds', () => {
    for (const [name, , model] of rows) {
      const most = 'maxOutputTokens' in model ? model.maxOutputTokens : 0;
      expect([name, most <= model.contextLength]).toEqual([name, true]);
    }
  });
});

describe('findProvider', () => {
  test('fills in the defaults that a row leaves out', () => {
    const groq = findProvider('groq');
    expect(groq).toMatchObject({ id: 'groq', headers: {}, options: [], local: false });
    expect(groq?.quirks).toEqual({
      reportsStreamUsage: 'on-request',
      acceptsStreamOptions: true,
      maxTokensField: 'both',
      sendsDone: true,
      stopsBillingOnAbort: false,
      statesCost: false,
      honoursIdempotencyKey: false,
      errorShape: 'openai',
    });
  });

  test('finds nothing under an id of nobody, not even one that every object has', () => {
    expect(findProvider('nobody')).toBeUndefined();
    expect(findProvider('constructor')).toBeUndefined();
  });

  test("looks for a key under the vendor's own name first, where there is one", () => {
    expect(findProvider('lmstudio')?.keyVariables).toEqual(['LM_API_TOKEN', 'LM_STUDIO_API_KEY']);
    expect(findProvider('ovhcloud')?.keyVariables).toEqual(['OVH_AI_ENDPOINTS_ACCESS_TOKEN', 'OVHCLOUD_API_KEY', 'AI_ENDPOINT_API_KEY']);
  });

  test('takes an abort to end the bill only where OpenRouter says so', () => {
    expect(findProvider('openai')?.quirks.stopsBillingOnAbort).toBe(true);
    expect(findProvider('anthropic')?.quirks.stopsBillingOnAbort).toBe(true);
    for (const id of ['bedrock', 'groq', 'google', 'mistral'])
      expect([id, findProvider(id)?.quirks.stopsBillingOnAbort]).toEqual([id, false]);
  });
});

describe('findEndpoint', () => {
  const endpoint = (id: string, ...rest: [Parameters<typeof findEndpoint>[1], string]) => {
    const provider = findProvider(id);
    return provider && findEndpoint(provider, ...rest);
  };

  test('gives the base URL and the auth of the row where the dialect has none of its own', () => {
    expect(endpoint('anthropic', 'messages', 'claude-opus-5')).toEqual({
      baseUrl: 'https://api.anthropic.com/v1',
      auth: 'x-api-key',
      path: '/messages',
    });
    expect(endpoint('anthropic', 'chat-completions', 'claude-opus-5')).toMatchObject({ auth: 'bearer', fidelity: 'reduced' });
  });

  test('leaves the models that know only Responses to Responses, by their names at OpenAI and Azure', () => {
    for (const id of ['openai', 'azure'])
      for (const model of ['gpt-5.4-pro', 'gpt-5.2-codex', 'gpt-5.1-codex-max', 'o3-pro', 'o3-deep-research', 'computer-use-preview']) {
        expect([id, model, endpoint(id, 'chat-completions', model)]).toEqual([id, model, undefined]);
        expect(endpoint(id, 'responses', model)).toBeDefined();
      }
    for (const model of ['gpt-6-cyber', 'gpt-rosalind-research', 'gpt-6-rosalind', 'gpt-daybreak-blue-latest'])
      expect(endpoint('openai', 'chat-completions', model)).toBeUndefined();
    for (const model of ['gpt-6.2-sol', 'deepseek-v4-pro', 'my-pro']) expect(endpoint('azure', 'chat-completions', model)).toBeDefined();
  });

  test("speaks Anthropic's format where a vendor does, at its own address and by its own key", () => {
    expect(endpoint('azure-claude', 'messages', 'my-deployment')).toEqual({
      baseUrl: 'https://{resource}.services.ai.azure.com/anthropic/v1',
      auth: 'api-key',
      path: '/messages',
    });
    expect(endpoint('databricks', 'messages', 'databricks-claude-sonnet-4-6')).toMatchObject({ path: '/anthropic/v1/messages' });
    expect(endpoint('databricks', 'messages', 'databricks-gpt-oss-120b')).toBeUndefined();
    for (const id of ['baseten', 'ollama-cloud', 'xiaomi'])
      expect([id, endpoint(id, 'messages', 'm')?.auth, endpoint(id, 'messages', 'm')?.path]).toEqual([
        id,
        'bearer',
        id === 'xiaomi' ? '/v1/messages' : '/messages',
      ]);
  });

  test.each([
    ['cohere', 'transcriptions', 'cohere-transcribe-03-2026', 'https://api.cohere.ai/compatibility/v1', '/audio/transcriptions'],
    ['scaleway', 'transcriptions', 'whisper-large-v3', 'https://api.scaleway.ai/v1', '/audio/transcriptions'],
    ['scaleway', 'rerank', 'qwen3-embedding-8b', 'https://api.scaleway.ai/v1', '/rerank'],
    ['ovhcloud', 'transcriptions', 'whisper-large-v3', 'https://oai.endpoints.kepler.ai.cloud.ovh.net/v1', '/audio/transcriptions'],
    ['friendli', 'transcriptions', 'openai/whisper-large-v3', 'https://api.friendli.ai/serverless/v1', '/audio/transcriptions'],
    ['featherless', 'embeddings', 'Qwen/Qwen3-Embedding-8B', 'https://api.featherless.ai/v1', '/embeddings'],
    ['digitalocean', 'speech', 'qwen3-tts-voicedesign', 'https://inference.do-ai.run/v1', '/audio/speech'],
    ['digitalocean', 'messages', 'anthropic-claude-4.6-sonnet', 'https://inference.do-ai.run/v1', '/messages'],
    ['digitalocean', 'responses', 'openai-gpt-oss-20b', 'https://inference.do-ai.run/v1', '/responses'],
  ] as const)('at %s %s with %s lead to %s%s', (id, dialect, model, baseUrl, path) => {
    expect(endpoint(id, dialect, model)).toMatchObject({ baseUrl, path, auth: 'bearer' });
  });

  test.each([
    ['openai.gpt-5.6-terra', 'https://bedrock-mantle.{region}.api.aws/openai/v1'],
    ['openai.gpt-6-sol', 'https://bedrock-mantle.{region}.api.aws/openai/v1'],
    ['xai.grok-4.3', 'https://bedrock-mantle.{region}.api.aws/openai/v1'],
    ['google.gemma-4-31b', 'https://bedrock-mantle.{region}.api.aws/openai/v1'],
    ['openai.gpt-oss-120b', 'https://bedrock-mantle.{region}.api.aws/v1'],
    ['qwen.qwen3-32b', 'https://bedrock-mantle.{region}.api.aws/v1'],
  ])('finds %s of Bedrock Mantle at %s', (model, baseUrl) => {
    expect(endpoint('bedrock-mantle', 'responses', model)?.baseUrl).toBe(baseUrl);
    expect(endpoint('bedrock-mantle', 'chat-completions', model)?.baseUrl).toBe(baseUrl);
    expect(endpoint('bedrock-mantle', 'messages', 'anthropic.claude-opus-4-8')?.baseUrl).toBe(
      'https://bedrock-mantle.{region}.api.aws/anthropic',
    );
  });

  test("knows what Bedrock's own endpoint does not serve of OpenAI's models in their formats", () => {
    expect(endpoint('bedrock', 'responses', 'us.openai.gpt-6-sol')).toMatchObject({ path: '/openai/v1/responses' });
    expect(endpoint('bedrock', 'responses', 'openai.gpt-oss-120b-1:0')).toBeUndefined();
    expect(endpoint('bedrock', 'responses', 'us.openai.gpt-oss-120b-1:0')).toBeUndefined();
    const chat = endpoint('bedrock', 'chat-completions', 'global.openai.gpt-5.6-sol');
    const needs = { tools: true, reasoningEffort: undefined, demands: [] };
    expect(chat && refusesTools(chat, 'global.openai.gpt-5.6-sol', needs)).toBe(true);
    expect(chat && refusesTools(chat, 'global.openai.gpt-5.6-sol', { ...needs, reasoningEffort: 'none' })).toBe(false);
    expect(chat && refusesTools(chat, 'openai.gpt-oss-120b-1:0', { ...needs, reasoningEffort: 'low' })).toBe(false);
  });

  test('leaves to a translation the models that a vendor does not serve in a dialect', () => {
    expect(endpoint('sambanova', 'responses', 'gpt-oss-120b')).toBeDefined();
    expect(endpoint('sambanova', 'responses', 'DeepSeek-V3.1')).toBeUndefined();
    expect(endpoint('sambanova', 'messages', 'DeepSeek-V3.1')).toBeDefined();
    expect(endpoint('digitalocean', 'messages', 'llama3.3-70b-instruct')).toBeUndefined();
    expect(endpoint('digitalocean', 'responses', 'llama3.3-70b-instruct')).toBeUndefined();
  });

  test('gives nothing for a dialect that is not spoken', () => {
    expect(endpoint('groq', 'messages', 'llama-3.3-70b-versatile')).toBeUndefined();
  });

  test('gives nothing for a model that the dialect does not serve', () => {
    expect(endpoint('bedrock', 'chat-completions', 'openai.gpt-oss-120b-1:0')).toMatchObject({ path: '/openai/v1/chat/completions' });
    expect(endpoint('bedrock', 'chat-completions', 'us.openai.gpt-oss-120b-1:0')).toBeDefined();
    expect(endpoint('bedrock', 'chat-completions', 'anthropic.claude-opus-4-5-20251101-v1:0')).toBeUndefined();
  });

  test.each([
    ['a*c', 'abc', true],
    ['a*c', 'ac', true],
    ['a*a', 'a', false],
    ['*-mini', 'gpt-5-mini', true],
    ['*b*d', 'abcd', true],
    ['*d*b', 'abcd', false],
    ['abc', 'abcd', false],
    ['*', '', true],
  ])('a model pattern %s against %s is %s', (pattern, model, expected) => {
    const provider = completeRow({
      id: 'own',
      name: 'Own',
      source: 'https://example.com/docs',
      baseUrl: 'https://example.com/v1',
      auth: 'bearer',
      keyVariables: ['OWN_KEY'],
      dialects: { 'chat-completions': { ...openAiCompatibleDialects['chat-completions'], models: [pattern] } },
    });
    expect(findEndpoint(provider, 'chat-completions', model) !== undefined).toBe(expected);
  });
});

describe('resolveOptions', () => {
  const bedrock = { options: findProvider('bedrock')?.options ?? [] };

  test('prefers the configuration to the environment, and the environment to the default', () => {
    expect(resolveOptions(bedrock, { region: 'eu-central-1' }, { AWS_REGION: 'us-west-2' }).values).toEqual({ region: 'eu-central-1' });
    expect(resolveOptions(bedrock, {}, { AWS_REGION: '', AWS_DEFAULT_REGION: 'us-west-2' }).values).toEqual({ region: 'us-west-2' });
    expect(resolveOptions(bedrock, {}, {})).toEqual({ values: { region: 'us-east-1' }, missing: [] });
  });

  test('names what nothing gives', () => {
    expect(resolveOptions({ options: findProvider('azure')?.options ?? [] }, {}, {})).toEqual({ values: {}, missing: ['resource'] });
  });

  test('a host of a workspace, or of another account system, stands where the usual one does', () => {
    const url = (id: string, options: Record<string, string>) => {
      const provider = findProvider(id);
      return provider && fillPlaceholders(provider.baseUrl, resolveOptions(provider, options, {}).values);
    };
    expect(url('qwen', {})).toBe('https://dashscope-intl.aliyuncs.com/compatible-mode/v1');
    expect(url('qwen', { host: 'ws-1.ap-southeast-1.maas' })).toBe('https://ws-1.ap-southeast-1.maas.aliyuncs.com/compatible-mode/v1');
    expect(url('voyage', {})).toBe('https://api.voyageai.com/v1');
    expect(url('voyage', { host: 'ai.mongodb.com' })).toBe('https://ai.mongodb.com/v1');
  });

  test('values go into a URL encoded, so that none can change its host', () => {
    expect(fillPlaceholders('https://{resource}.openai.azure.com/{other}', { resource: 'evil.example/' })).toBe(
      'https://evil.example%2F.openai.azure.com/{other}',
    );
  });
});

describe('findModel', () => {
  test('knows the limits of a model, and of a dated snapshot of it', () => {
    expect(findModel('anthropic', 'claude-sonnet-4-5')).toMatchObject({ maxOutputTokens: 64_000 });
    expect(findModel('anthropic', 'claude-sonnet-4-5-20250929')).toMatchObject({ id: 'claude-sonnet-4-5' });
    expect(findModel('openai', 'gpt-4o-2024-05-13')).toMatchObject({ maxOutputTokens: 4096 });
    expect(findModel('openai', 'gpt-5-2025-08-07')).toMatchObject({ id: 'gpt-5' });
  });

  test("knows Azure's models by OpenAI's names", () => {
    expect(findModel('azure', 'gpt-5')).toEqual(findModel('openai', 'gpt-5'));
    expect(knownModels('azure')).toBe(knownModels('openai'));
  });

  test('knows nothing of a model or provider that has no row', () => {
    expect(findModel('openai', 'gpt-0')).toBeUndefined();
    expect(findModel('constructor', 'gpt-5')).toBeUndefined();
    expect(knownModels('nobody')).toEqual([]);
  });
});

describe('findModel for what is sold under another name', () => {
  test.each([
    ['bedrock', 'global.anthropic.claude-opus-4-5-20251101-v1:0', 'claude-opus-4-5'],
    ['bedrock', 'anthropic.claude-haiku-4-5-20251001-v1:0', 'claude-haiku-4-5'],
    ['bedrock', 'us.amazon.nova-lite-v1:0', 'amazon.nova-lite-v1:0'],
    ['openrouter', 'anthropic/claude-opus-4.5', 'claude-opus-4-5'],
    ['openrouter', 'openai/gpt-5-mini', 'gpt-5-mini'],
    ['openrouter', 'google/gemini-2.5-flash:online', 'gemini-2.5-flash'],
    ['vercel', 'xai/grok-4', 'grok-4'],
  ])('at %s %s has the limits of %s', (provider, model, id) => {
    expect(findModel(provider, model)?.id).toBe(id);
  });

  test.each([
    ['bedrock', 'meta.llama3-3-70b-instruct-v1:0'],
    ['openrouter', 'constructor/gpt-5'],
    ['openrouter', 'gpt-5'],
    ['groq', 'anthropic/claude-opus-4.5'],
  ])('at %s nothing is known of %s', (provider, model) => {
    expect(findModel(provider, model)).toBeUndefined();
  });
});

describe('pointElsewhere', () => {
  test.each([
    ['https://api.anthropic.com/v1', 'http://127.0.0.1:9001', 'http://127.0.0.1:9001/v1'],
    ['https://api.anthropic.com/v1', 'http://127.0.0.1:9001/', 'http://127.0.0.1:9001/v1'],
    ['https://api.anthropic.com/v1', 'http://127.0.0.1:9001/proxy/v1/', 'http://127.0.0.1:9001/proxy/v1'],
    ['https://api.deepseek.com', 'https://proxy.example', 'https://proxy.example'],
  ])('%s pointed to %s is %s', (baseUrl, override, expected) => {
    expect(pointElsewhere(baseUrl, override)).toBe(expected);
  });

  test('takes an endpoint of its own along to the new host, unless the address has a path of its own', () => {
    const messages = 'https://api.moonshot.ai/anthropic';
    const row = 'https://api.moonshot.ai/v1';
    expect(pointElsewhere(messages, 'https://api.moonshot.cn/v1', row)).toBe('https://api.moonshot.cn/anthropic');
    expect(pointElsewhere(messages, 'http://127.0.0.1:9001', row)).toBe('http://127.0.0.1:9001/anthropic');
    expect(pointElsewhere(messages, 'https://proxy.example/kimi', row)).toBe('https://proxy.example/kimi');
  });
});

describe('the document', () => {
  const path = fileURLToPath(new URL('../../docs/providers.md', import.meta.url));

  test('shows the catalogue as it is (run with -u to renew it)', async () => {
    const text = await readFile(path, 'utf8');
    const marked = /(<!-- providers -->\n)[\s\S]*(<!-- \/providers -->)/;
    expect(text).toMatch(marked);
    const renewed = text.replace(marked, (_, open: string, close: string) => `${open}\n${providerTable(providerRows)}\n\n${close}`);
    await expect(renewed).toMatchFileSnapshot(path);
  });

  test('of prices names every provider, with built-in prices or without', async () => {
    const prices = await readFile(fileURLToPath(new URL('../../docs/prices.md', import.meta.url)), 'utf8');
    const [, withPrices = '', without = ''] = /\n\| (openai, [^|]*) \| ([^|]*) and everything of your own \|/.exec(prices) ?? [];
    const priced = Object.keys(builtInProviders);
    expect(withPrices.split(', ').sort()).toEqual(priced.sort());
    expect(without.split(', ').sort()).toEqual(
      providerRows
        .map(({ id }) => id)
        .filter((id) => !priced.includes(id))
        .sort(),
    );
  });

  test('a cell says what a row cannot do without, and what it does only in part', () => {
    const table = providerTable(providerRows.filter(({ id }) => ['azure', 'bedrock', 'anthropic', 'ollama'].includes(id)));
    expect(table).toContain('| `resource` |');
    expect(table).toContain('`AWS_BEARER_TOKEN_BEDROCK`; without it, the role of the function');
    expect(table).toContain('chat-completions (only openai.\\*, \\*.openai.\\*)');
    expect(table).toContain('chat-completions (reduced)');
    expect(table).toContain('`OLLAMA_API_KEY`; optional');
  });
});

describe('nearest', () => {
  test.each([
    ['opnai', 'openai'],
    ['OpenAI', 'openai'],
    ['antropic', 'anthropic'],
    ['gorq', 'groq'],
    ['openroute', 'openrouter'],
    ['mistralai', 'mistral'],
  ])('takes %s for %s', (slip, meant) => {
    expect(nearest(slip)[0]).toBe(meant);
  });

  test('suggests nothing for a word that is like no id, and at most three for one like many', () => {
    expect(nearest('zzzzzzzz')).toEqual([]);
    expect(nearest('  ')).toEqual([]);
    expect(nearest('aaa', ['aab', 'aac', 'aad', 'aae'])).toEqual(['aab', 'aac', 'aad']);
  });
});
