import type { ProviderRow } from './catalogue-schema.ts';

/** The rows as a Markdown table, one line a provider, for docs/providers.md. */
export function providerTable(rows: readonly ProviderRow[]): string {
  const head = ['Provider', 'Id', 'Key', 'Options', 'Native dialects', 'Abort ends the bill', 'Says what it bills', 'Base URL'];
  const lines = rows.map((row) => [
    `[${row.name}](${row.source})`,
    code(row.id),
    keyCell(row),
    (row.options ?? []).map(({ name, default: usual }) => code(name) + (usual === undefined ? '' : ` (${usual})`)).join(', '),
    Object.entries(row.dialects).map(dialectCell).join(', '),
    row.quirks?.stopsBillingOnAbort ? 'yes' : '',
    row.quirks?.statesCost ? 'yes' : '',
    code(row.baseUrl),
  ]);
  return [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}

function keyCell({ keyVariables, authWithoutKey }: ProviderRow): string {
  const names = keyVariables.map(code).join(', ');
  if (authWithoutKey === 'aws-sigv4') return `${names}; without it, the role of the function`;
  return authWithoutKey === 'none' ? `${names}; optional` : names;
}

function dialectCell([name, endpoint]: [string, ProviderRow['dialects'][keyof ProviderRow['dialects']]]): string {
  const notes = [
    endpoint?.fidelity === 'reduced' ? 'reduced' : '',
    endpoint?.models ? `only ${endpoint.models.join(', ')}` : '',
    endpoint?.exceptModels ? `not ${endpoint.exceptModels.join(', ')}` : '',
  ];
  const note = notes.filter(Boolean).join('; ');
  return note === '' ? name : `${name} (${note.replaceAll('*', '\\*')})`;
}
