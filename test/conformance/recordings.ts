import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The providers' own formats that answers were recorded in: the folders of a collection of recordings. */
export const families = ['anthropic-messages', 'bedrock-converse', 'google-generate-content', 'openai-chat', 'openai-responses'] as const;
export type Family = (typeof families)[number];

/** An answer of a provider, recorded or written. */
export interface Recording {
  readonly family: Family;
  readonly name: string;
  /** One event's JSON each, without framing; undefined for a whole answer. */
  readonly events: readonly string[] | undefined;
  /** The whole answer; undefined for a stream. */
  readonly body: string | undefined;
}

/** Where recordings of real answers lie: beside the project, and wherever the operator keeps more. */
const collections = [join(import.meta.dirname, '../../../shared/recordings'), process.env.SLUICE_RECORDINGS].filter(
  (folder): folder is string => folder !== undefined && folder !== '' && existsSync(folder),
);
const folders = [join(import.meta.dirname, 'answers'), ...collections];

/** Whether there is any recording of a real answer beside what the tests bring themselves. */
export const hasCollection = collections.length > 0;

/** Every answer of the chat-like formats that is at hand. */
export function recordings(): Recording[] {
  return folders.flatMap((folder) => families.flatMap((family) => ofFamily(join(folder, family), family)));
}

function ofFamily(folder: string, family: Family): Recording[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .flatMap((file): Recording[] => {
      const text = (): string => readFileSync(join(folder, file), 'utf8');
      if (file.endsWith('.chunks.txt'))
        return [
          {
            family,
            name: file,
            events: text()
              .split('\n')
              .filter((line) => line.trim() !== ''),
            body: undefined,
          },
        ];
      return file.endsWith('.json') ? [{ family, name: file, events: undefined, body: text() }] : [];
    });
}
