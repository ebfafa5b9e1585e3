import { parseArgs } from 'node:util';
import packageJson from '../../package.json' with { type: 'json' };
import { AdminClient } from './admin-client.ts';
import { CliError } from './cli-error.ts';
import { findConnection } from './connection.ts';
import { globalHelp, globalOptions, groupHelp, verbHelp } from './help.ts';
import { OptionValues, type Output, type Verb } from './verb.ts';
import { verbs } from './verbs.ts';

/** The machine as the command line sees it. */
export interface CliSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  /** Who is at the keyboard, for the audit trail. */
  readonly actor: string;
  readonly columns: number;
  readonly nowMs: number;
  readonly write: (text: string) => void;
  readonly writeError: (text: string) => void;
}

/** Runs one command line. Returns the exit code: 0 done, 1 refused or failed, 2 typed wrongly. */
export async function runCli(commandLine: readonly string[], surroundings: CliSurroundings): Promise<0 | 1 | 2> {
  try {
    await run(commandLine, surroundings);
    return 0;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    surroundings.writeError(`sluice: ${error.message}\n`);
    return error.exitCode;
  }
}

async function run(typed: readonly string[], surroundings: CliSurroundings): Promise<void> {
  const commandLine = withLeadingOptionsLast(typed);
  const words = commandLine.filter((argument) => !argument.startsWith('-'));
  const verb = findVerb(commandLine);
  const wantsHelp = commandLine.includes('--help') || commandLine.includes('-h');
  if (!verb) {
    if (commandLine[0] === '--version') return surroundings.write(`sluice ${packageJson.version}\n`);
    if (words.length === 0 || words[0] === 'help') return surroundings.write(globalHelp(verbs));
    const group = verbs.filter((candidate) => candidate.words[0] === words[0]);
    if (group.length > 0 && (words.length === 1 || wantsHelp)) return surroundings.write(groupHelp(words[0] ?? '', group));
    throw new CliError(2, unknownVerb(words, group));
  }
  if (wantsHelp) return surroundings.write(verbHelp(verb));
  const { values, positionals } = parsed(verb, commandLine.slice(verb.words.length));
  const options = new OptionValues(values);
  const output = outputTo(surroundings, options.flag('json'));
  const connect = () =>
    findConnection({
      url: options.text('url'),
      adminKey: options.text('admin-key'),
      environment: surroundings.environment,
      folder: surroundings.folder,
    });
  await verb.run({ positionals, options, api: new AdminClient(connect, surroundings.actor), output, nowMs: surroundings.nowMs });
}

/** `sluice --json keys list` means `sluice keys list --json`. */
function withLeadingOptionsLast(commandLine: readonly string[]): readonly string[] {
  let end = 0;
  while (commandLine[end]?.startsWith('-')) {
    const name = commandLine[end]?.replace(/^--/, '') ?? '';
    end += globalOptions[name]?.type === 'string' ? 2 : 1;
  }
  return [...commandLine.slice(end), ...commandLine.slice(0, end)];
}

/** The verb whose words a command line begins with; the longest where several do. */
function findVerb(commandLine: readonly string[]): Verb | undefined {
  return verbs
    .filter((verb) => verb.words.every((word, index) => commandLine[index] === word))
    .toSorted((one, other) => other.words.length - one.words.length)[0];
}

function parsed(verb: Verb, rest: readonly string[]): { values: Readonly<Record<string, unknown>>; positionals: readonly string[] } {
  const name = verb.words.join(' ');
  const options = Object.fromEntries(
    Object.entries({ ...globalOptions, ...verb.options }).map(([key, { type, multiple }]) => [key, { type, multiple: multiple ?? false }]),
  );
  const result = parsedOrRefused(name, [...rest], options);
  const missing = verb.positionals[result.positionals.length];
  if (missing !== undefined) throw new CliError(2, `"sluice ${name}" needs <${missing}>. See "sluice ${name} --help".`);
  const extra = result.positionals[verb.positionals.length];
  if (extra !== undefined) throw new CliError(2, `"sluice ${name}" does not know what to do with "${extra}". See "sluice ${name} --help".`);
  return result;
}

function parsedOrRefused(name: string, args: string[], options: Record<string, { type: 'string' | 'boolean'; multiple: boolean }>) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Node's own hint about arguments that begin with a dash is longer than the fault.
    const fault = error.message.split(/\. (?:To specify|Did you)|\n/)[0]?.replace(/\.$/, '');
    throw new CliError(2, `${fault}. See "sluice ${name} --help".`, error);
  }
}

function unknownVerb(words: readonly string[], group: readonly Verb[]): string {
  if (group.length > 0) {
    return `"sluice ${words[0]}" has no "${words[1]}", only ${group.map((verb) => verb.words.slice(1).join(' ')).join(', ')}.`;
  }
  const names = [...new Set(verbs.map((verb) => verb.words[0]))];
  return `There is no "sluice ${words[0]}", only ${names.join(', ')}. See "sluice --help".`;
}

function outputTo(surroundings: CliSurroundings, json: boolean): Output {
  return {
    json,
    columns: surroundings.columns,
    show(value, text) {
      const shown = json ? JSON.stringify(value, null, 2) : text();
      surroundings.write(shown.endsWith('\n') ? shown : `${shown}\n`);
    },
  };
}
