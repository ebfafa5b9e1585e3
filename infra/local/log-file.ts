import { appendFile, mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A file that takes log lines. */
export interface LogFile {
  readonly path: string;
  /** Takes a line without its break; never throws, never waits. */
  write(line: string): void;
  /** Resolves when every line taken so far is in the file. */
  flush(): Promise<void>;
}

const defaultMaxBytes = 10 * 1024 * 1024;
const keptFiles = 3;

/**
 * Opens `<folder>/sluice.log` for appending. Past `maxBytes` it becomes `sluice.1.log`, that one
 * `sluice.2.log` and so on; three old files are kept. Lines written in the same tick share one write.
 */
export async function openLogFile(folder: string, maxBytes: number = defaultMaxBytes): Promise<LogFile> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'sluice.log');
  let size = await sizeOf(path);
  let waiting: string[] = [];
  let writing: Promise<void> = Promise.resolve();

  const writeOut = async (): Promise<void> => {
    const text = waiting.join('');
    waiting = [];
    if (size > 0 && size + Buffer.byteLength(text) > maxBytes) {
      await rotate(folder);
      size = 0;
    }
    await appendFile(path, text, { mode: 0o600 });
    size += Buffer.byteLength(text);
  };

  return {
    path,
    write(line) {
      waiting.push(`${line}\n`);
      // A full disk must not end the gateway; the lines are lost.
      if (waiting.length === 1) writing = writing.then(writeOut).catch(() => undefined);
    },
    flush: () => writing,
  };
}

async function rotate(folder: string): Promise<void> {
  for (let number = keptFiles; number >= 1; number -= 1) {
    const from = number === 1 ? 'sluice.log' : `sluice.${number - 1}.log`;
    await rename(join(folder, from), join(folder, `sluice.${number}.log`)).catch(() => undefined);
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
