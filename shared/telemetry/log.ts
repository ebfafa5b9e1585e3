import { writeLogLine } from './log-sink.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

const order: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Writes structured lines, one JSON object each. Whoever calls it keeps prompts, answers and secrets out of the fields. */
export interface Log {
  write(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** A log that drops what is below `threshold`. */
export function createLog(threshold: LogLevel, nowMs: () => number): Log {
  return {
    write(level, message, fields = {}) {
      if (order[level] < order[threshold]) return;
      writeLogLine(JSON.stringify({ timestamp: new Date(nowMs()).toISOString(), level, message, ...fields }));
    },
  };
}

/**
 * What the log shows of a thrown thing: names, messages and stacks along its causes. Objects that hang on errors
 * (requests, headers, bodies) are left out, because they carry keys and prompts.
 */
export function describeError(thrown: unknown, depth = 0): Record<string, unknown> {
  if (!(thrown instanceof Error)) return { error: typeof thrown };
  const code = 'code' in thrown && typeof thrown.code === 'string' ? { code: thrown.code } : {};
  return {
    error: thrown.name,
    // Not `message`: that is the line's own.
    reason: thrown.message,
    ...code,
    ...(depth === 0 &&
      thrown.stack !== undefined && {
        stack: thrown.stack
          .split('\n')
          .slice(1, 6)
          .map((line) => line.trim()),
      }),
    ...(thrown.cause !== undefined && depth < 3 && { cause: describeError(thrown.cause, depth + 1) }),
  };
}
