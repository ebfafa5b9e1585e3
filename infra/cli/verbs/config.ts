import { readFileSync } from 'node:fs';
import type * as z from 'zod';
import { CliError } from '../cli-error.ts';
import {
  configChangeSchema,
  configCheckSchema,
  configDiffSchema,
  configDocumentSchema,
  differenceLines,
  listedVersionSchema,
} from '../config-answers.ts';
import { moment } from '../format.ts';
import { listAll } from '../list-all.ts';
import { textTable } from '../text-table.ts';
import type { OptionValues, Verb, VerbOption } from '../verb.ts';

const usualLength = 20;
const noteOption: VerbOption = { type: 'string', value: '<text>', help: 'Why, for the list of versions.' };

/** `sluice config get`: prints YAML that `config apply` takes again. */
export const configGet: Verb = {
  words: ['config', 'get'],
  summary: 'Print the configuration that holds, as YAML.',
  positionals: [],
  options: { version: { type: 'string', value: '<n>', help: 'This version instead; 0 is the file of the deployment.' } },
  async run({ options, api, output }) {
    const version = options.count('version', 0);
    const document = await api.get(version === undefined ? '/admin/config' : `/admin/config/versions/${version}`, configDocumentSchema);
    const { stringify } = await import('yaml');
    output.show(document, () => document.yaml ?? stringify(document.config));
  },
};

/** `sluice config apply <file>` */
export const configApply: Verb = {
  words: ['config', 'apply'],
  summary: 'Put a gateway.yaml in effect, everywhere within ten seconds.',
  positionals: ['file'],
  options: {
    note: noteOption,
    'if-version': { type: 'string', value: '<n>', help: 'Only if this version still holds.' },
  },
  async run({ positionals: [file = ''], options, api, output }) {
    const query = new URLSearchParams();
    const [note, ifVersion] = [options.text('note'), options.count('if-version', 0)];
    if (note !== undefined) query.set('note', note);
    if (ifVersion !== undefined) query.set('if_version', String(ifVersion));
    const text = readText(file);
    const check = await api.call('POST', '/admin/config/validate', configCheckSchema, text);
    if (!check.valid) throw new CliError(1, `${file} is refused: ${check.problems.join('; ')}`);
    const change = await api.call('PUT', query.size === 0 ? '/admin/config' : `/admin/config?${query}`, configChangeSchema, text);
    output.show(change, () =>
      [`version ${change.version}`, ...differenceLines(change.changed), ...warningLines(change.warnings)].join('\n'),
    );
  },
};

/** The gateway was sent a text without a name and calls it `gateway.yaml`. */
function wrongFile(file: string, problems: readonly string[]): CliError {
  const lines = problems.map((problem) => `  ${problem.replace(/^gateway\.yaml(?=:\d)/, file)}`);
  return new CliError(1, [`${file} is wrong:`, ...lines].join('\n'));
}

/** `sluice config validate <file>` */
export const configValidate: Verb = {
  words: ['config', 'validate'],
  summary: 'Say what is wrong with a gateway.yaml, and what it would change.',
  positionals: ['file'],
  options: {},
  async run({ positionals: [file = ''], api, output }) {
    const check = await api.call('POST', '/admin/config/validate', configCheckSchema, readText(file));
    if (!check.valid && !output.json) throw wrongFile(file, check.problems);
    output.show(check, () => [`${file} is good.`, ...differenceLines(check.changed), ...warningLines(check.warnings)].join('\n'));
    if (!check.valid) throw new CliError(1, `${file} is wrong.`);
  },
};

/** `sluice config diff`: between two versions, or between what holds and a file. */
export const configDiff: Verb = {
  words: ['config', 'diff'],
  summary: 'Show where two versions differ, or a file from what holds.',
  positionals: [],
  options: {
    file: { type: 'string', value: '<file>', help: 'Compare what holds with this file.' },
    from: { type: 'string', value: '<n>', help: 'The older version. Default: the one before the newest.' },
    to: { type: 'string', value: '<n>', help: 'The newer version. Default: the one that holds.' },
  },
  async run({ options, api, output }) {
    const file = options.text('file');
    if (file !== undefined) {
      const check = await api.call('POST', '/admin/config/validate', configCheckSchema, readText(file));
      if (!check.valid) throw wrongFile(file, check.problems);
      return output.show(check, () => [`version ${check.version} → ${file}`, ...differenceLines(check.changed)].join('\n'));
    }
    const diff = await api.get('/admin/config/diff', configDiffSchema, await ends(options, api));
    output.show(diff, () => [`version ${diff.from} → ${diff.to}`, ...differenceLines(diff.changed)].join('\n'));
  },
};

async function ends(options: OptionValues, api: Parameters<Verb['run']>[0]['api']) {
  const to = options.count('to', 0);
  const from = options.count('from', 0);
  if (from !== undefined) return { from, to };
  const holding = to ?? (await api.get('/admin/config', configDocumentSchema)).version;
  return { from: Math.max(0, holding - 1), to: holding };
}

/** `sluice config versions` */
export const configVersions: Verb = {
  words: ['config', 'versions'],
  summary: 'List the versions of the configuration, newest first.',
  positionals: [],
  options: { limit: { type: 'string', value: '<n>', help: `How many. Default ${usualLength}.` } },
  async run({ options, api, output }) {
    const versions = await listAll(api, '/admin/config/versions', listedVersionSchema, {}, options.count('limit', 1) ?? usualLength);
    output.show(versions, () =>
      textTable<z.infer<typeof listedVersionSchema>>(
        versions,
        [
          { title: '', cell: ({ current }) => (current ? '*' : '') },
          { title: 'version', cell: ({ version }) => String(version) },
          { title: 'when', cell: ({ created_at: at }) => (at === null ? 'deployment' : moment(at).replace(' UTC', '')) },
          { title: 'who', cell: ({ actor }) => actor ?? '', shrinks: true },
          { title: 'note', cell: ({ note }) => note ?? '', shrinks: true },
        ],
        output.columns,
        'There are no versions.',
      ),
    );
  },
};

/** `sluice config rollback <version>` */
export const configRollback: Verb = {
  words: ['config', 'rollback'],
  summary: 'Put an earlier version in effect again; 0 is the file of the deployment.',
  positionals: ['version'],
  options: { note: noteOption },
  async run({ positionals: [version = ''], options, api, output }) {
    if (!/^\d{1,9}$/.test(version)) throw new CliError(2, `"${version}" is no version. See "sluice config versions".`);
    const note = options.text('note');
    const body = { version: Number(version), ...(note !== undefined && { note }) };
    const change = await api.call('POST', '/admin/config/rollback', configChangeSchema, body);
    output.show(change, () => [`version ${change.version}, as version ${version} was`, ...differenceLines(change.changed)].join('\n'));
  },
};

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CliError(2, `${file} cannot be read.`, error);
  }
}

function warningLines(warnings: readonly string[] | undefined): string[] {
  return (warnings ?? []).map((warning) => `  warning: ${warning}`);
}
