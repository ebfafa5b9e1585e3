import { describe, expect, it } from 'vitest';
import { loadConfigFile, parseConfigText } from '../../shared/config/load-config.ts';

const problem = (text: string): Promise<string> =>
  parseConfigText(text, 'gateway.yaml').then(
    () => 'no problem',
    (error: Error) => error.message,
  );

describe('gateway.yaml', () => {
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
    ['a negative price', 'prices:\n  "a/*": { input: -1 }\n', /^gateway\.yaml:2: /],
    ['broken YAML', 'providers: {openai: [}\n', /^gateway\.yaml:1: /],
  ])('with %s names the line and what to write', async (_name, text, expected) => {
    const message = await problem(text);
    expect(message).toMatch(expected);
    expect(message).not.toContain('sk-abc');
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
