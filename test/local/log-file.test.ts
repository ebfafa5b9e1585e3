import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openLogFile } from '../../infra/local/log-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-log-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('keeps lines in the order in which they came', async () => {
  const log = await openLogFile(folder);
  for (let number = 0; number < 100; number += 1) {
    log.write(`line ${number}`);
    if (number % 10 === 0) await new Promise(setImmediate);
  }
  await log.flush();
  const lines = (await readFile(log.path, 'utf8')).trimEnd().split('\n');
  expect(lines).toEqual(Array.from({ length: 100 }, (_, number) => `line ${number}`));
});

it('appends to what an earlier process wrote', async () => {
  for (const line of ['first', 'second']) {
    const log = await openLogFile(folder);
    log.write(line);
    await log.flush();
  }
  expect(await readFile(join(folder, 'sluice.log'), 'utf8')).toBe('first\nsecond\n');
});

it('starts a new file past its size and keeps three old ones', async () => {
  const log = await openLogFile(folder, 20);
  for (let number = 1; number <= 6; number += 1) {
    log.write(`entry number ${number}!`);
    await log.flush();
  }
  expect((await readdir(folder)).sort()).toEqual(['sluice.1.log', 'sluice.2.log', 'sluice.3.log', 'sluice.log']);
  expect(await readFile(log.path, 'utf8')).toBe('entry number 6!\n');
  expect(await readFile(join(folder, 'sluice.3.log'), 'utf8')).toBe('entry number 3!\n');
});
