import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let project: string;
const started: ChildProcess[] = [];
const pids: number[] = [];

/** A project whose only dependency is a folder beside it, so that installing needs no network. */
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'sluice-run-'));
  const root = join(import.meta.dirname, '../..');
  await cp(join(root, 'infra/setup/run.mjs'), join(project, 'infra/setup/run.mjs'));
  await mkdir(join(project, 'dependency'));
  await mkdir(join(project, 'infra/local'));
  const scripts = { start: 'node infra/setup/run.mjs start', dev: 'node infra/setup/run.mjs dev' };
  await writeJson('package.json', {
    name: 'p',
    version: '1.0.0',
    type: 'module',
    scripts,
    dependencies: { dependency: 'file:dependency' },
  });
  await writeJson('dependency/package.json', { name: 'dependency', version: '1.0.0' });
  await writeJson('package-lock.json', {
    name: 'p',
    version: '1.0.0',
    lockfileVersion: 3,
    packages: {
      '': { name: 'p', version: '1.0.0', dependencies: { dependency: 'file:dependency' } },
      dependency: { version: '1.0.0' },
      'node_modules/dependency': { resolved: 'dependency', link: true },
      'node_modules/for-another-platform': { version: '1.0.0', optional: true },
    },
  });
});
afterEach(async () => {
  for (const child of started.splice(0)) killGroup(child);
  for (const pid of pids.splice(0)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  await rm(project, { recursive: true, force: true, maxRetries: 5 });
});

/** It tells of itself when it is ready for signals, not before. */
const untilSignal = `
process.on('SIGTERM', () => { console.log('ended by SIGTERM'); process.exit(0); });
process.on('SIGINT', () => { console.log('ended by SIGINT'); process.exit(0); });
console.log('main ' + process.pid);
setInterval(() => {}, 1000);
`;

const writeJson = (path: string, value: unknown) => writeFile(join(project, path), JSON.stringify(value));
const writeMain = (source: string) => writeFile(join(project, 'infra/local/main.ts'), source);

function run(command: string, ...parameters: string[]) {
  // A process group of its own, as under a terminal.
  const child = spawn(command, parameters, { cwd: project, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  const output = { text: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output.text += chunk;
    });
  }
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return { child, output, ended };
}

async function mainPid(output: { readonly text: string }): Promise<number> {
  for (let tries = 0; tries < 1000; tries += 1) {
    const pid = Number(/^main (\d+)$/m.exec(output.text)?.[1]);
    if (pid > 0) {
      pids.push(pid);
      return pid;
    }
    await delay(10);
  }
  throw new Error(output.text);
}

/** Everything that a child started is in its process group. */
function killGroup(child: ChildProcess): void {
  try {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
  } catch {
    // the group is gone already
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function isGoneSoon(pid: number): Promise<boolean> {
  for (let tries = 0; tries < 300 && isAlive(pid); tries += 1) await delay(10);
  return !isAlive(pid);
}

/** Changes a file until that is noticed: nobody tells when a watcher has begun to watch. */
async function changeUntil(isNoticed: () => boolean, change: () => Promise<void>): Promise<void> {
  for (let changes = 0; changes < 8 && !isNoticed(); changes += 1) {
    await change();
    for (let tries = 0; tries < 150 && !isNoticed(); tries += 1) await delay(10);
  }
}

const runScript = ['infra/setup/run.mjs', 'start'];

describe('the start script', () => {
  it('installs what the lockfile names, says so in one line, and goes on', async () => {
    await writeMain("import { readFileSync } from 'node:fs'; console.log(readFileSync('node_modules/dependency/package.json', 'utf8'));");
    const { output, ended } = run(process.execPath, ...runScript);
    expect(await ended).toBe(0);
    expect(output.text).toMatch(/^Installing dependencies .*\nInstalled in \d+ s\.\n\{"name":"dependency"/);
  });

  it('installs nothing when all is there, packages for other platforms apart', async () => {
    await writeMain("console.log('here');");
    await run(process.execPath, ...runScript).ended;
    const second = run(process.execPath, ...runScript);
    expect(await second.ended).toBe(0);
    expect(second.output.text).toBe('here\n');
  });

  it('installs again when the lockfile names what is not installed', async () => {
    await writeMain("console.log('here');");
    await run(process.execPath, ...runScript).ended;
    const installed = JSON.parse(await readFile(join(project, 'node_modules/.package-lock.json'), 'utf8'));
    delete installed.packages['node_modules/dependency'];
    await writeJson('node_modules/.package-lock.json', installed);
    const second = run(process.execPath, ...runScript);
    await second.ended;
    expect(second.output.text).toContain('Installing dependencies');
  });

  it('ends with the exit code of what it ran', async () => {
    await writeMain('process.exit(7);');
    expect(await run(process.execPath, ...runScript).ended).toBe(7);
  });

  it('names its tasks when asked for another one', async () => {
    const { output, ended } = run(process.execPath, 'infra/setup/run.mjs', 'fly');
    expect(await ended).toBe(2);
    expect(output.text).toMatch(/^usage: node infra\/setup\/run\.mjs start\|dev\|test/);
  });
});

describe('ending', () => {
  it('npm by SIGTERM ends the program cleanly and leaves no process', async () => {
    await writeMain(untilSignal);
    const { child, output, ended } = run('npm', 'start');
    const pid = await mainPid(output);
    child.kill('SIGTERM');
    expect(await isGoneSoon(pid)).toBe(true);
    // What it wrote may arrive after it is gone.
    await expect.poll(() => output.text).toContain('ended by SIGTERM');
    await ended;
  });

  it('all by Ctrl-C ends the program cleanly', async () => {
    await writeMain(untilSignal);
    const { child, output, ended } = run('npm', 'start');
    const pid = await mainPid(output);
    process.kill(-(child.pid ?? 0), 'SIGINT');
    expect(await isGoneSoon(pid)).toBe(true);
    // What it wrote may arrive after it is gone.
    await expect.poll(() => output.text).toContain('ended by SIGINT');
    await ended;
  });

  it('npm by SIGKILL ends the program too', async () => {
    await writeMain(untilSignal);
    const { child, output } = run('npm', 'start');
    const pid = await mainPid(output);
    child.kill('SIGKILL');
    expect(await isGoneSoon(pid)).toBe(true);
  });

  it('the watched program ends with its watcher', async () => {
    await writeMain(untilSignal);
    const { child, output, ended } = run('npm', 'run', 'dev');
    const pid = await mainPid(output);
    child.kill('SIGTERM');
    expect(await isGoneSoon(pid)).toBe(true);
    await ended;
  });
});

describe('the dev script', () => {
  it('starts the program again when a file of it changes', async () => {
    await writeMain(untilSignal);
    const { output } = run(process.execPath, 'infra/setup/run.mjs', 'dev');
    const before = await mainPid(output);
    const isAgain = () => /^again \d+$/m.test(output.text);
    await changeUntil(isAgain, () => writeMain(untilSignal.replace("'main '", "'again '")));
    pids.push(Number(/^again (\d+)$/m.exec(output.text)?.[1] ?? 0));
    expect(output.text).toMatch(/^again \d+$/m);
    expect(isAlive(before)).toBe(false);
  });

  it('starts the program again when a file changes that it asked to have watched', async () => {
    const watcher = new URL('../../infra/local/watch-file.ts', import.meta.url).href;
    await writeFile(join(project, 'gateway.yaml'), 'one: 1');
    await writeMain(`import { watchFile } from '${watcher}'; watchFile('gateway.yaml'); ${untilSignal}`);
    const { output } = run(process.execPath, 'infra/setup/run.mjs', 'dev');
    await mainPid(output);
    const starts = () => [...output.text.matchAll(/^main (\d+)$/gm)].map((match) => Number(match[1]));
    await changeUntil(
      () => starts().length >= 2,
      () => writeFile(join(project, 'gateway.yaml'), 'two: 2'),
    );
    pids.push(...starts());
    expect(starts().length).toBeGreaterThanOrEqual(2);
  });
});
