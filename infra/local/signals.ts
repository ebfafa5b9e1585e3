import { DataFolderInUse } from './embedded-dynamodb.ts';
import type { LocalGateway } from './run-local.ts';

/** A terminal and npm may both deliver the same Ctrl-C; only one that comes later is a second wish. */
const sameSignalWithinMs = 1000;
const drainMs = 10_000;
/** `node --watch` waits for the old process; a developer does not want to wait for its streams. */
const drainWhenWatchedMs = 300;

/** What the file system says of a place where nothing can be kept. */
const noFolder: ReadonlySet<string> = new Set(['ENOTDIR', 'EACCES', 'EPERM', 'EROFS', 'EEXIST']);

/**
 * Starts a gateway and keeps the process until SIGTERM or SIGINT, then closes it and ends with code 0. A
 * second signal ends the process at once. A start that fails ends it with code 1 and one line on stderr.
 */
export async function endOnSignals(start: () => Promise<LocalGateway>): Promise<void> {
  const starting = Promise.resolve().then(start);
  let firstSignalAtMs: number | undefined;
  const end = async (): Promise<void> => {
    const nowMs = performance.now();
    if (firstSignalAtMs !== undefined) {
      if (nowMs - firstSignalAtMs > sameSignalWithinMs) process.exit(130);
      return;
    }
    firstSignalAtMs = nowMs;
    const gateway = await starting.catch(() => undefined);
    await gateway?.close(process.env.WATCH_REPORT_DEPENDENCIES ? drainWhenWatchedMs : drainMs);
    process.exit(0);
  };
  process.on('SIGTERM', () => void end());
  process.on('SIGINT', () => void end());
  process.on('SIGHUP', () => void end());
  try {
    await starting;
  } catch (thrown) {
    process.stderr.write(`sluice: ${explain(thrown)}\n`);
    process.exit(1);
  }
}

function explain(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  if ('code' in thrown && thrown.code === 'EADDRINUSE') {
    const port = 'port' in thrown ? ` ${thrown.port}` : '';
    return `Port${port} is taken. Stop what listens there, or set PORT to another one (PORT=0 picks one).`;
  }
  if (thrown instanceof DataFolderInUse) return `${thrown.message} Stop it, or set SLUICE_DATA to another folder.`;
  if ('code' in thrown && 'path' in thrown && noFolder.has(String(thrown.code)))
    return `${thrown.message}. Set SLUICE_DATA to a folder that this user may write to.`;
  return thrown.message;
}
