// The way in: `npm start`, `npm run dev` and `npm test`. Runs on Node 20 with nothing installed, brings
// node_modules up to date with the lockfile, and goes on under the Node that came with it.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const neededNode = [24, 12];
const parentPollMs = 500;

const tasks = {
  start: { file: 'infra/local/main.ts', nodeOptions: [] },
  dev: { file: 'infra/local/main.ts', nodeOptions: ['--watch', '--watch-preserve-output'] },
  test: { file: 'infra/setup/test.ts', nodeOptions: [] },
  smoke: { file: 'infra/smoke/main.ts', nodeOptions: [] },
  bench: { file: 'test/bench/run.ts', nodeOptions: [] },
};

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > neededNode[0] || (major === neededNode[0] && minor >= neededNode[1]);
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Whether every package of the lockfile is installed in its version; optional ones may be missing, they are for other platforms. */
function isInstalled() {
  const wanted = readJson('package-lock.json')?.packages;
  const installed = readJson('node_modules/.package-lock.json')?.packages;
  if (!wanted || !installed) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (!path.startsWith('node_modules/')) return true; // the project itself, or what a link points to
    const found = installed[path];
    return found ? found.version === entry.version : entry.optional === true || entry.devOptional === true;
  });
}

/** The Node of node_modules, or the running one when it is new enough. */
function findNode() {
  const bundled = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (existsSync(bundled)) return bundled;
  return isNewEnough(process.versions.node) ? process.execPath : undefined;
}

/** Runs a program with this terminal, hands signals on, and resolves with its exit code. */
function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options });
    const forward = (signal) => child.kill(signal);
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, forward);
    const stopWatching = whenOrphaned(() => child.kill('SIGTERM'));
    const finish = (code) => {
      stopWatching();
      for (const signal of signals) process.off(signal, forward);
      resolve(code);
    };
    child.on('error', (error) => {
      process.stderr.write(`sluice: ${command} cannot be started: ${error.message}\n`);
      finish(1);
    });
    child.on('exit', (code, signal) => finish(code ?? (signal === 'SIGINT' ? 130 : 143)));
  });
}

/**
 * npm starts a shell that starts this process, and neither hands every signal on before it dies. Then this
 * process has a new parent, or npm itself is gone.
 */
function whenOrphaned(end) {
  const parent = process.ppid;
  const npm = process.env.npm_lifecycle_event === undefined ? undefined : parentOfShell(parent);
  const timer = setInterval(() => {
    if (process.ppid === parent && (npm === undefined || isAlive(npm))) return;
    clearInterval(timer);
    end();
  }, parentPollMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** The parent of process `id` when that is a shell. Some shells are replaced by their only command; then the parent is npm already. */
function parentOfShell(id) {
  const { parent, command } = processFacts(id) ?? {};
  return /^(?:.*\/)?-?(?:a|ba|da|z)?sh$/.test(command ?? '') ? Number(parent) : undefined;
}

/** Without an answer, a new parent is sign enough. */
function processFacts(id) {
  try {
    if (existsSync('/proc/self/stat')) return /\((?<command>.*)\) \S (?<parent>\d+)/.exec(readFileSync(`/proc/${id}/stat`, 'utf8'))?.groups;
    const line = execFileSync('ps', ['-o', 'ppid=,comm=', '-p', String(id)], { encoding: 'utf8' });
    return /^\s*(?<parent>\d+)\s+(?<command>.*?)\s*$/.exec(line)?.groups;
  } catch {
    return undefined;
  }
}

function isAlive(id) {
  try {
    return process.kill(id, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

async function install() {
  process.stdout.write('Installing dependencies (npm ci), once ...\n');
  const started = Date.now();
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const code = await run(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (code !== 0) {
    process.stderr.write('sluice: npm ci failed. Run it by hand to see why.\n');
    process.exit(code);
  }
  process.stdout.write(`Installed in ${Math.round((Date.now() - started) / 1000)} s.\n`);
}

const [name, ...rest] = process.argv.slice(2);
const task = Object.hasOwn(tasks, name ?? '') ? tasks[name] : undefined;
if (!task) {
  process.stderr.write(`usage: node infra/setup/run.mjs ${Object.keys(tasks).join('|')}\n`);
  process.exit(2);
}
if (!isInstalled()) await install();

const node = findNode();
if (!node) {
  process.stderr.write(
    `sluice: Node ${neededNode.join('.')} or newer is needed and node_modules brought none. Run "npm ci" without --ignore-scripts.\n`,
  );
  process.exit(1);
}

process.env.PATH = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH ?? ''}`;
if (isNewEnough(process.versions.node) && task.nodeOptions.length === 0) {
  whenOrphaned(() => process.kill(process.pid, 'SIGTERM'));
  process.argv = [process.argv[0], join(root, task.file), ...rest];
  await import(pathToFileURL(join(root, task.file)).href);
} else {
  process.exitCode = await run(node, [...task.nodeOptions, task.file, ...rest]);
}
