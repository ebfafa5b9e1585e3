import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const here = import.meta.dirname;
const cache = join(here, '../../node_modules/.cache/lambda-runtime-client');

/**
 * Installs AWS's runtime client as this folder's lockfile pins it, once, and returns the path of its
 * entry. Its install scripts are left out: they build curl and a native client with cmake, for which
 * `rapid-client-stub.ts` stands in.
 */
export async function installRuntimeClient(): Promise<string> {
  const lock = await readFile(join(here, 'package-lock.json'));
  const folder = join(cache, createHash('sha256').update(lock).digest('hex').slice(0, 16));
  const entry = join(folder, 'node_modules/aws-lambda-ric/index.mjs');
  if (existsSync(entry)) return entry;

  await mkdir(cache, { recursive: true });
  // A folder of this caller's own: two test files may run in one process, and must not install over each other.
  const unfinished = await mkdtemp(`${folder}.`);
  for (const file of ['package.json', 'package-lock.json']) await copyFile(join(here, file), join(unfinished, file));
  await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: unfinished });
  try {
    await rename(unfinished, folder);
  } catch (thrown) {
    await rm(unfinished, { recursive: true, force: true });
    if (!existsSync(entry)) throw thrown; // else another process was faster
  }
  return entry;
}
