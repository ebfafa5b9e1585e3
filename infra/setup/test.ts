import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addCounts, type Counts, countVitestReport } from './test-counts.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Checks that look at the source only. Each counts as one test. */
const staticChecks: readonly (readonly [name: string, file: string, ...parameters: string[]])[] = [
  ['types', 'typescript/bin/tsc', '--noEmit', '-p', '.'],
  ['types of infra/aws', 'typescript/bin/tsc', '--noEmit', '-p', 'infra/aws'],
  ['types of the console', 'typescript/bin/tsc', '--noEmit', '-p', 'functions/admin/console/page'],
  ['lint and format', '@biomejs/biome/bin/biome', 'check', '--diagnostic-level=warn'],
];

/** Runs a script of node_modules with this Node and this terminal; resolves with its exit code. */
function run(file: string, parameters: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'node_modules', file), ...parameters], { cwd: root, stdio: 'inherit' });
    const end = (): void => {
      child.kill('SIGTERM');
      process.exitCode = 143;
    };
    process.once('SIGTERM', end).once('SIGINT', end);
    child.once('error', () => resolve(1));
    child.once('exit', (code) => {
      process.off('SIGTERM', end).off('SIGINT', end);
      resolve(code ?? 143);
    });
  });
}

async function runStaticChecks(): Promise<Counts> {
  let counts: Counts = { passed: 0, failed: 0 };
  for (const [name, file, ...parameters] of staticChecks) {
    const startedMs = performance.now();
    const passed = (await run(file, parameters)) === 0;
    if (process.exitCode === 143) break;
    process.stdout.write(` ${passed ? '✓' : '✗'} ${name} ${Math.round(performance.now() - startedMs)}ms\n`);
    counts = addCounts(counts, passed ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 });
  }
  return counts;
}

async function runVitest(filters: readonly string[]): Promise<Counts> {
  const report = join(tmpdir(), `sluice-vitest-${process.pid}.json`);
  const code = await run('vitest/vitest.mjs', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...filters]);
  try {
    return countVitestReport(JSON.parse(readFileSync(report, 'utf8')), code);
  } catch {
    return { passed: 0, failed: 1 }; // it ended before it could report
  } finally {
    rmSync(report, { force: true });
  }
}

const checked = await runStaticChecks();
if (process.exitCode !== 143) {
  const counts = addCounts(checked, await runVitest(process.argv.slice(2)));
  process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed\n`);
  process.exitCode ||= counts.failed > 0 ? 1 : 0;
}
