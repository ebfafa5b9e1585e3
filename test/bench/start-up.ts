import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundleFunction } from '../../infra/aws/bundle.ts';
import { median } from './load.ts';

/** What the data plane's code package weighs and how long it takes to load. */
export interface StartUp {
  readonly startKb: number;
  readonly totalKb: number;
  /** Median of fresh processes with a warm page cache, in milliseconds. */
  readonly importMs: number;
  /** The same for `node:http` alone, which tells how fast the machine was meanwhile. */
  readonly nodeHttpMs: number;
}

const script = (path: string): string => `
globalThis.awslambda = { streamifyResponse: (handler) => handler, HttpResponseStream: { from: (stream) => stream } };
const begun = performance.now();
await import(${JSON.stringify(path)});
process.stdout.write(String(performance.now() - begun));`;

/** Bundles the gateway as it is deployed and imports it in fresh processes. */
export async function measureStartUp(rounds: number): Promise<StartUp> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
  try {
    const bundle = await bundleFunction({ entry: 'functions/gateway/handler.ts', directory: join(folder, 'gateway'), files: {} });
    const importMs = await medianImportMs(join(bundle.directory, 'index.mjs'), rounds);
    const nodeHttpMs = await medianImportMs('node:http', rounds);
    return { startKb: bundle.startBytes / 1024, totalKb: bundle.totalBytes / 1024, importMs, nodeHttpMs };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function medianImportMs(specifier: string, rounds: number): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script(specifier)]);
    // The first one warms the page cache.
    if (round > 0) times.push(Number(stdout));
  }
  return median(times);
}
