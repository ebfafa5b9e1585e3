import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dialects, type FeatureGateway, type Grid, type Outcome, startFeatureGateway } from './feature-grid.ts';

let gateway: FeatureGateway;

beforeAll(async () => {
  gateway = await startFeatureGateway();
});
afterAll(async () => {
  await gateway?.close();
});

describe.each(dialects)('$name', ({ name, path, features, columns: titled }) => {
  it.each(titled)('sends $title what it understands (run with -u to renew)', async ({ title, model }) => {
    const outcomes: Outcome[] = [];
    for (const feature of features) outcomes.push(await gateway.ask(path, model, feature));
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
    for (const { model } of titled) cells.push(cellOf(await gateway.ask(path, model, feature)));
    rows.push(cells);
  }
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cellOf({ status, dropped, error, shows }: Outcome): string {
  if (shows === false) return 'no';
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
