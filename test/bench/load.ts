import { Agent, request } from 'node:http';

/** Where and what to call. */
export interface LoadTarget {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a round of load showed; times in milliseconds. */
export interface LoadResult {
  readonly calls: number;
  readonly callsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly firstByteP50: number;
  readonly firstByteP99: number;
}

/** Keeps `inFlight` calls under way for `durationMs`, closed-loop, over kept-alive connections. */
export async function load(target: LoadTarget, inFlight: number, durationMs: number): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
  const totals: number[] = [];
  const firstBytes: number[] = [];
  const begun = performance.now();
  const until = begun + durationMs;
  const worker = async (): Promise<void> => {
    while (performance.now() < until) {
      const { firstByteMs, totalMs } = await call(target, agent);
      totals.push(totalMs);
      firstBytes.push(firstByteMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const elapsed = performance.now() - begun;
  agent.destroy();
  return {
    calls: totals.length,
    callsPerSecond: (totals.length / elapsed) * 1000,
    p50: percentile(totals, 0.5),
    p99: percentile(totals, 0.99),
    firstByteP50: percentile(firstBytes, 0.5),
    firstByteP99: percentile(firstBytes, 0.99),
  };
}

function call(target: LoadTarget, agent: Agent): Promise<{ firstByteMs: number; totalMs: number }> {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const outgoing = request(
      target.url,
      {
        method: 'POST',
        agent,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(target.body), ...target.headers },
      },
      (response) => {
        let firstByteMs = 0;
        response.on('data', () => {
          firstByteMs ||= performance.now() - begun;
        });
        response.on('end', () => {
          if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
          else resolve({ firstByteMs, totalMs: performance.now() - begun });
        });
        response.on('error', reject);
      },
    );
    outgoing.on('error', reject);
    outgoing.end(target.body);
  });
}

/** The value below which a share of the values lies. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The middle of several rounds. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}
