import type { AdminClient } from './admin-client.ts';
import { CliError } from './cli-error.ts';

/** An option of a verb, in the words of `node:util`'s parseArgs, with what the help says of it. */
export interface VerbOption {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  /** What stands for the value in the help: `<id>`. */
  readonly value?: string;
  readonly help: string;
}

/** What a verb is run with. */
export interface VerbInput {
  /** As many as the verb has, in its order. */
  readonly positionals: readonly string[];
  readonly options: OptionValues;
  readonly api: AdminClient;
  readonly output: Output;
  /** The current time, milliseconds since the epoch. */
  readonly nowMs: number;
}

/** Where a verb's result goes: as JSON, or as text for people. */
export interface Output {
  /** Whether `--json` was given. */
  readonly json: boolean;
  /** Columns of the terminal, 80 where there is none. */
  readonly columns: number;
  /** Writes `value` as JSON under `--json`, and what `text` makes of it otherwise. */
  show(value: unknown, text: () => string): void;
}

/** One command: `sluice keys create`. */
export interface Verb {
  readonly words: readonly string[];
  readonly summary: string;
  /** Names of what must follow, such as `id`. */
  readonly positionals: readonly string[];
  readonly options: Readonly<Record<string, VerbOption>>;
  /** Shown under the options in the help of this verb. */
  readonly notes?: string;
  readonly run: (input: VerbInput) => Promise<void>;
}

/** The options a command line brought, read by name and kind. */
export class OptionValues {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  /** The last value of a string option. */
  text(name: string): string | undefined {
    const value = this.#values[name];
    const last: unknown = Array.isArray(value) ? value.at(-1) : value;
    return typeof last === 'string' ? last : undefined;
  }

  /** All values of a repeatable string option; none is an empty list. */
  texts(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  }

  /** Whether a boolean option was given. */
  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  /** A whole number of at least `least`. @throws CliError with exit code 2. */
  count(name: string, least: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const count = Number(text);
    if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(count) || count < least) {
      throw new CliError(2, `--${name} takes a whole number of at least ${least}, not "${text}".`);
    }
    return count;
  }
}
