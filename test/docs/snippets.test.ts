import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseConfigText } from '../../shared/config/load-config.ts';

const pages = ['README.md', ...readdirSync('docs', { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name))].filter(
  // Continue has a configuration of its own.
  (page) => page.endsWith('.md') && !page.endsWith('continue.md'),
);

const snippets = pages.flatMap((page) =>
  [...readFileSync(page, 'utf8').matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text = '']) => ({ page, text })),
);

type Settings = Readonly<Record<string, unknown>>;

/** A page shows what it speaks of: targets of some route, or what stands beside them. */
function whole(value: unknown): Settings {
  if (Array.isArray(value)) return { models: { route: { targets: value } } };
  const settings: Settings = { ...(typeof value === 'object' && value) };
  return 'canary' in settings ? { models: { route: { targets: ['echo/ok'], ...settings } } } : settings;
}

/** With every provider that a target names, and the snippet does not configure. */
function withProviders(settings: Settings): Settings {
  const named = [...JSON.stringify(settings.models ?? {}).matchAll(/"([a-z]+)\//g)].map(([, name = '']) => name);
  const own = { type: 'openai-compatible', base_url: 'https://models.example.com/v1' };
  const providers = Object.fromEntries(named.filter((name) => name !== 'echo').map((name) => [name, name === 'vllm' ? own : {}]));
  const resource = { options: { resource: 'contoso' } };
  return { ...settings, providers: { ...providers, ...('azure' in providers && { azure: resource }), ...(settings.providers ?? {}) } };
}

describe('a piece of gateway.yaml', () => {
  it('is on many pages', () => {
    expect(snippets.length).toBeGreaterThan(15);
  });

  it.each(snippets)('on $page is one that the gateway takes', async ({ text }) => {
    await expect(parseConfigText(stringify(withProviders(whole(parse(text)))), 'gateway.yaml')).resolves.toBeDefined();
  });
});
