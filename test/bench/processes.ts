import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';

/** A process of the benchmark and what it said when it was ready. */
export interface BenchProcess {
  readonly child: ChildProcess;
  readonly output: string;
  /** CPU milliseconds used so far, from the kernel's own books; undefined where there is no /proc. */
  cpuMs(): Promise<number | undefined>;
  stop(): Promise<void>;
}

/** Starts a module of ours on one processor, where the system can pin it, and waits for a line of its output. */
export async function startProcess(
  file: string,
  options: { cpu: number; environment?: Record<string, string>; ready: RegExp },
): Promise<BenchProcess> {
  const pinned = process.platform === 'linux';
  const command = pinned ? 'taskset' : process.execPath;
  const args = pinned ? ['-c', String(options.cpu), process.execPath, file] : [file];
  const child = spawn(command, args, { env: { ...process.env, ...options.environment }, stdio: ['ignore', 'pipe', 'inherit'] });
  const output = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      if (text.length < 100_000) text += part;
      if (options.ready.test(text)) resolve(text);
    });
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)));
    child.once('error', reject);
  });
  return {
    child,
    output,
    cpuMs: async () => {
      const stat = await readFile(`/proc/${child.pid}/stat`, 'utf8').catch(() => undefined);
      const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
      // utime and stime, in ticks of 10 ms (proc_pid_stat(5)).
      return fields === undefined ? undefined : (Number(fields[11]) + Number(fields[12])) * 10;
    },
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGTERM');
      }),
  };
}
