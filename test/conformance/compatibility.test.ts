import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startUpstream, type TestUpstream } from '../support/upstream.ts';
import { chatFeatures, type Feature } from './chat-features.ts';
import { LooseJson } from './loose-json.ts';
import { messagesFeatures } from './messages-features.ts';
import { plainAnswer } from './plain-answers.ts';
import { responsesFeatures } from './responses-features.ts';

/** Dialects with what their requests can ask for. A further one is a further row. */
interface Grid {
  readonly name: string;
  readonly path: string;
  readonly features: readonly Feature[];
  readonly columns: readonly Column[];
}

interface Column {
  readonly title: string;
  readonly model: string;
}

/** Providers as columns: one for each format that calls leave in. */
const columns: readonly Column[] = [
  { title: 'OpenAI and compatible', model: 'openai/gpt-5.2' },
  { title: 'OpenAI Responses', model: 'openai/gpt-5.2-codex' },
  { title: 'Anthropic', model: 'anthropic/claude-sonnet-4-5' },
  { title: 'Gemini, Vertex AI', model: 'google/gemini-3-pro-preview' },
  { title: 'Bedrock', model: 'bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0' },
];

/** Where OpenAI is always called by its Responses API, and those who only chat are called otherwise. */
const translatedColumns: readonly Column[] = [
  { title: 'OpenAI', model: 'openai/gpt-5.2' },
  { title: 'OpenAI-compatible', model: 'compatible/m' },
  ...columns.slice(2),
];

const dialects: readonly Grid[] = [
  { name: 'Chat Completions', path: '/v1/chat/completions', features: chatFeatures, columns },
  { name: 'Messages', path: '/v1/messages', features: messagesFeatures, columns: translatedColumns },
  { name: 'Responses', path: '/v1/responses', features: responsesFeatures, columns: translatedColumns },
];

/** What became of one feature at one provider. */
interface Outcome {
  readonly feature: string;
  readonly status: number;
  readonly dropped: string | undefined;
  readonly error: string | undefined;
  /** What the provider received. */
  readonly path: string | undefined;
  readonly body: unknown;
}

let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream(plainAnswer);
  const provider = { base_url: new URL(upstream.url).origin, api_key: 'env:KEY', allow_private_address: true };
  const compatible = { ...provider, type: 'openai-compatible', base_url: upstream.url };
  const config = {
    providers: { compatible, anthropic: provider, google: provider, bedrock: provider, openai: provider },
    defaults: { retries: 0 },
  };
  gateway = await startGateway({ config, environment: { KEY: 'k' } });
});
afterAll(async () => {
  await gateway?.close();
  await upstream?.close();
});

async function ask(path: string, model: string, { name, body }: Feature): Promise<Outcome> {
  const before = upstream.received.length;
  const response = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, ...body }),
  });
  const answer = LooseJson.parse(await response.text());
  const received = upstream.received[before];
  return {
    feature: name,
    status: response.status,
    dropped: response.headers.get('x-sluice-dropped') ?? undefined,
    error: answer.at('error', 'message').text || undefined,
    path: received?.path,
    body: received === undefined ? undefined : JSON.parse(received.body),
  };
}

describe.each(dialects)('$name', ({ name, path, features, columns: titled }) => {
  it.each(titled)('sends $title what it understands (run with -u to renew)', async ({ title, model }) => {
    const outcomes: Outcome[] = [];
    for (const feature of features) outcomes.push(await ask(path, model, feature));
    const file = `snapshots/${name}-${title}.snap`.toLowerCase().replaceAll(/[ ,]+/g, '-');
    await expect(`${JSON.stringify(outcomes, null, 2)}\n`).toMatchFileSnapshot(file);
  });
});

describe('the document', () => {
  it('shows the tables as they are (run with -u to renew it)', async () => {
    const document = join(import.meta.dirname, '../../docs/compatibility.md');
    let text = await readFile(document, 'utf8');
    for (const dialect of dialects) text = withTable(text, dialect.name, await tableOf(dialect));
    await expect(text).toMatchFileSnapshot(document);
  });
});

async function tableOf({ path, features, columns: titled }: Grid): Promise<string> {
  const rows: string[][] = [
    ['Feature', ...titled.map(({ title }) => title)],
    ['---', ...titled.map(() => '---')],
  ];
  for (const feature of features) {
    const cells = [feature.name];
    for (const { model } of titled) cells.push(cellOf(await ask(path, model, feature)));
    rows.push(cells);
  }
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cellOf({ status, dropped, error }: Outcome): string {
  if (error?.includes('cannot be fetched')) return 'yes, fetched by the gateway';
  if (status === 400) return 'refused';
  expect(status, error).toBe(200);
  return dropped === undefined
    ? 'yes'
    : `dropped: ${dropped
        .split(', ')
        .map((field) => `\`${field}\``)
        .join(', ')}`;
}

function withTable(text: string, name: string, table: string): string {
  const marked = new RegExp(`(<!-- table: ${name} -->\n\n)[\\s\\S]*?(\n\n<!-- end -->)`);
  expect(text).toMatch(marked);
  return text.replace(marked, (_, open: string, close: string) => open + table + close);
}
