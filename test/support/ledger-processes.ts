import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LedgerJob, LedgerReport } from './ledger-job.ts';

const workerPath = fileURLToPath(new URL('./ledger-worker.ts', import.meta.url));

/** Processes at work on one store, and what they have reported so far. */
export interface Processes {
  readonly admitted: Set<string>;
  readonly settled: Map<string, number>;
  readonly refused: string[];
  readonly failures: string[];
  /** Kills one of them with SIGKILL. */
  kill(index: number): void;
  /** Resolves when all have ended, however. */
  readonly ended: Promise<void>;
}

/** Starts one process per job; they begin together. */
export function startProcesses(jobs: readonly LedgerJob[]): Processes {
  const admitted = new Set<string>();
  const settled = new Map<string, number>();
  const refused: string[] = [];
  const failures: string[] = [];
  const take = (message: LedgerReport) => {
    if (message.kind === 'admitted') admitted.add(message.requestId);
    else if (message.kind === 'settled') settled.set(message.requestId, message.actualNanoUsd);
    else if (message.kind === 'refused') refused.push(`${message.limit} ${message.reason}`);
    else if (message.kind === 'failed') failures.push(message.message);
  };
  const children: ChildProcess[] = jobs.map(() => fork(workerPath, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] }));
  const ends = children.map(
    (child, index) =>
      new Promise<void>((resolve) => {
        child.on('message', take);
        child.on('exit', () => resolve());
        child.send(jobs[index]!);
      }),
  );
  return {
    admitted,
    settled,
    refused,
    failures,
    kill: (index) => children[index]?.kill('SIGKILL'),
    ended: Promise.all(ends).then(() => undefined),
  };
}
