import type { Verb, VerbOption } from './verb.ts';

/** Help is written for a terminal of the usual width. */
const lineWidth = 80;

/** Options every verb takes. */
export const globalOptions: Readonly<Record<string, VerbOption>> = {
  url: { type: 'string', value: '<url>', help: 'The gateway (SLUICE_URL; else the local one).' },
  'admin-key': { type: 'string', value: '<key>', help: "Its admin key (SLUICE_ADMIN_KEY; else the local one's)." },
  json: { type: 'boolean', help: 'Print JSON, for scripts.' },
  help: { type: 'boolean', help: 'Show this help.' },
};

/** `sluice --help`. */
export function globalHelp(verbs: readonly Verb[]): string {
  return [
    'sluice: run an AI gateway from the command line.',
    '',
    'Usage: sluice <verb> [options]',
    '',
    ...verbLines(verbs),
    '',
    'For every verb:',
    ...optionLines(globalOptions),
    '',
    'Exit codes: 0 done, 1 refused or failed, 2 typed wrongly.',
    '',
  ].join('\n');
}

/** `sluice keys --help`. */
export function groupHelp(group: string, verbs: readonly Verb[]): string {
  return [`Usage: sluice ${group} <verb> [options]`, '', ...verbLines(verbs), ''].join('\n');
}

/** `sluice keys create --help`. */
export function verbHelp(verb: Verb): string {
  return [
    `Usage: ${usage(verb)} [options]`,
    '',
    verb.summary,
    '',
    ...optionLines({ ...verb.options, ...globalOptions }),
    ...(verb.notes === undefined ? [] : ['', ...verb.notes.split('\n').flatMap((note) => wrapped(note, lineWidth))]),
    '',
  ].join('\n');
}

function usage(verb: Verb): string {
  return ['sluice', ...verb.words, ...verb.positionals.map((name) => `<${name}>`)].join(' ');
}

function verbLines(verbs: readonly Verb[]): string[] {
  return twoColumns(verbs.map((verb) => [usage(verb).slice('sluice '.length), verb.summary]));
}

function optionLines(options: Readonly<Record<string, VerbOption>>): string[] {
  return twoColumns(Object.entries(options).map(([name, option]) => [[`--${name}`, option.value].filter(Boolean).join(' '), option.help]));
}

function twoColumns(rows: readonly (readonly [string, string])[]): string[] {
  const indent = Math.max(...rows.map(([left]) => left.length)) + 4;
  return rows.flatMap(([left, right]) =>
    wrapped(right, lineWidth - indent).map((line, index) => `${(index === 0 ? `  ${left}` : '').padEnd(indent)}${line}`),
  );
}

/** The text in lines of at most `width` characters, broken between words. */
function wrapped(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}
