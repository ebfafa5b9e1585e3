import { describe, expect, it } from 'vitest';
import { loadConfigFile, parseConfigText } from '../../shared/config/load-config.ts';
import { ConfiguredProvider } from '../../shared/providers/configured-provider.ts';

const problem = (text: string): Promise<string> =>
  parseConfigText(text, 'gateway.yaml').then(
    () => 'no problem',
    (error: Error) => error.message,
  );

describe('gateway.yaml', () => {
  it('says what a * without quotes is to YAML, and where', async () => {
    expect(await problem('prices:\n  up/*: { input: 1 }\n  local: *\n')).toBe(
      "gateway.yaml:3: A * begins an alias of YAML. To mean a pattern, put it in quotes: '*'.",
    );
    expect(await problem('models:\n  a:\n    targets:\n      - *fast\n')).toBe(
      "gateway.yaml:4: '*fast' is an alias of YAML for something named &fast, which is not there. To mean a pattern, put it in quotes: '*fast'.",
    );
    expect(await problem('defaults: &d { retries: 1 }\nmodels:\n  a: { targets: [echo/ok] }\n')).toBe('no problem');
  });

  it('says of each field that nobody knows where it stands', async () => {
    const text =
      'providers: { openai: {} }\nmodels:\n  smart:\n    targets: [openai/gpt-5.2]\n    stratgy: ordered\ndefaults:\n  retires: 2\nbogus: 1\n';
    expect((await problem(text)).split('\n').sort()).toEqual([
      'gateway.yaml:5: models.smart.stratgy is an unknown field',
      'gateway.yaml:7: defaults.retires is an unknown field',
      'gateway.yaml:8: bogus is an unknown field',
    ]);
  });

  it('is not made larger than anybody wrote it', async () => {
    const levels = Array.from({ length: 12 }, (_, level) => `  l${level + 1}: &l${level + 1} [${`*l${level}, `.repeat(9)}*l${level}]`);
    expect(await problem(`models:\n  l0: &l0 [x]\n${levels.join('\n')}\n`)).toMatch(/^gateway\.yaml: .*alias/);
  });

  it('takes the forms of the documentation', async () => {
    const config = await parseConfigText(
      `
providers:
  openai: {}
  google:
  anthropic: { base_url: http://127.0.0.1:9001, api_key: env:MY_ANTHROPIC_KEY, allow_private_address: true }
  vllm:
    type: openai-compatible
    base_url: http://127.0.0.1:8000/v1
    api_key: env:VLLM_KEY
    allow_private_address: true
    stops_billing_on_abort: true
    models: { llama: { context_length: 128000, max_output_tokens: 64000 } }
models:
  smart:
    strategy: ordered
    targets:
      - vllm/llama
      - { model: anthropic/claude-opus-5, weight: 1, retries: 2, timeouts: { connect_ms: 2000, first_byte_ms: 20000, idle_ms: 60000, total_ms: 600000 } }
    cache: { ttl_seconds: 3600, scope: team }
prices:
  vllm/*: { input: 1.0, cached_input: 0.1, output: 2.0 }
defaults: { retries: 2, cache: { ttl_seconds: 0 } }
on_store_failure: closed
`,
      'gateway.yaml',
    );
    expect(Object.keys(config.providers)).toEqual(['openai', 'google', 'anthropic', 'vllm']);
    expect(config.models.smart?.targets).toHaveLength(2);
    expect(config.prices['vllm/*']).toMatchObject({ input: 1, output: 2 });
  });

  it.each([
    ['an unknown field', 'providers:\n  openai:\n    api_kee: env:X\n', /^gateway\.yaml:3: .*api_kee/],
    [
      'a key in the file',
      'providers:\n  openai:\n    api_key: sk-abc\n',
      /^gateway\.yaml:3: providers\.openai\.api_key .*env:MY_PROVIDER_KEY/,
    ],
    ['a provider that is a slip', 'providers:\n  opennai: {}\n', /^gateway\.yaml:2: .*Did you mean 'openai'/],
    [
      'a provider of one’s own without an address',
      'providers:\n  mine:\n    type: openai-compatible\n',
      /^gateway\.yaml:3: .*needs a base_url/,
    ],
    [
      'a route to a provider that is not there',
      'models:\n  fast:\n    targets:\n      - openai/gpt-5\n',
      /^gateway\.yaml:4: .*'openai'.*not under providers/,
    ],
    [
      'a strategy that does not exist',
      'models:\n  fast:\n    strategy: random\n    targets: [echo/ok]\n',
      /^gateway\.yaml:3: models\.fast\.strategy/,
    ],
    [
      'a region without a place',
      'providers:\n  azure:\n    options: { resource: contoso }\n    regions:\n      - { name: eu, base_url: https://eu.example.com }\n      - us\n',
      /^gateway\.yaml:6: providers\.azure\.regions\.1 is nowhere: .*base_url, options or an api_key/,
    ],
    [
      'a region without its options',
      'providers:\n  azure:\n    regions:\n      - { name: eu, base_url: https://eu.example.com }\n      - { name: us, api_key: env:X }\n',
      /^gateway\.yaml:3: .*needs options: resource/,
    ],
    [
      'two regions of one name',
      'providers:\n  bedrock:\n    regions: [us-east-1, us-east-1]\n',
      /^gateway\.yaml:3: providers\.bedrock\.regions\.1 is a second region of the name 'us-east-1'/,
    ],
    [
      'a region at a private address',
      'providers:\n  bedrock:\n    regions: [{ name: here, base_url: "http://127.0.0.1:9000" }]\n',
      /^gateway\.yaml:3: providers\.bedrock\.regions\.0\.base_url leads to a private address/,
    ],
    [
      'a base URL of metadata by name',
      'providers:\n  acme:\n    type: openai-compatible\n    base_url: http://metadata.google.internal./v1\n',
      /^gateway\.yaml:4: providers\.acme\.base_url leads to a private address/,
    ],
    [
      'a base URL with a key in it',
      'providers:\n  acme:\n    type: openai-compatible\n    base_url: https://user:sk-abc@acme.example/v1\n',
      /^gateway\.yaml:4: providers\.acme\.base_url must not hold a user name or password/,
    ],
    [
      'a base URL that paths cannot be appended to',
      'providers:\n  acme:\n    type: openai-compatible\n    base_url: https://acme.example/v1?api-version=1\n',
      /^gateway\.yaml:4: providers\.acme\.base_url must end before any \? or #/,
    ],
    ['a number as a word', 'defaults:\n  retries: lots\n', /^gateway\.yaml:2: defaults\.retries must be a number, not a string$/],
    ['a number past its bound', 'defaults:\n  retries: 99\n', /^gateway\.yaml:2: defaults\.retries must be at most 10$/],
    ['a negative price', 'prices:\n  "a/*": { input: -1 }\n', /^gateway\.yaml:2: /],
    ['broken YAML', 'providers: {openai: [}\n', /^gateway\.yaml:1: /],
  ])('with %s names the line and what to write', async (_name, text, expected) => {
    const message = await problem(text);
    expect(message).toMatch(expected);
    expect(message).not.toContain('sk-abc');
  });

  it('reads the regions of a provider, by name or with what is their own', async () => {
    const { providers } = await parseConfigText(
      'providers:\n  bedrock: { regions: [eu-central-1, us-east-1] }\n  azure:\n    regions:\n      - { name: eu, options: { resource: contoso-eu }, api_key: env:EU }\n      - { name: us, options: { resource: contoso-us }, api_keys: [env:US, env:US_SPARE] }\n',
      'gateway.yaml',
    );
    const ways = Object.entries(providers).flatMap(([id, settings]) =>
      new ConfiguredProvider(id, settings, { secrets: { read: async () => undefined }, environment: {} }).ways.map(
        ({ label, provider }) => `${label}: ${provider.baseUrl}`,
      ),
    );
    expect(ways).toEqual([
      'eu-central-1: https://bedrock-runtime.eu-central-1.amazonaws.com',
      'us-east-1: https://bedrock-runtime.us-east-1.amazonaws.com',
      'eu: https://contoso-eu.openai.azure.com/openai/v1',
      'us, key 1: https://contoso-us.openai.azure.com/openai/v1',
      'us, key 2: https://contoso-us.openai.azure.com/openai/v1',
    ]);
  });

  it('names every mistake at once', async () => {
    const message = await problem('providers:\n  opennai: {}\n  antropic: {}\n');
    expect(message.split('\n')).toHaveLength(2);
  });

  it('that cannot be read says where it was looked for', async () => {
    await expect(loadConfigFile('/nowhere/gateway.yaml')).rejects.toThrow('/nowhere/gateway.yaml');
  });

  it('of this repository is right', async () => {
    expect((await loadConfigFile('gateway.yaml')).models).toHaveProperty('demo');
  });
});
