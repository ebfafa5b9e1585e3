import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder: string | undefined;

/** Gives a run a folder of its own for temporary files, which its workers inherit. */
export async function setup(): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'sluice-tests-'));
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = folder;
}

/** Takes it away with all that is left in it: the CDK keeps what it synthesises, and who is killed in a test cannot tidy up. */
export async function teardown(): Promise<void> {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
