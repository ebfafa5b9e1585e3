import { resolve } from 'node:path';

/**
 * Under `node --watch`, has a change of this file start the process again, as a change of its code does.
 * `--watch-path` would do the same but switches the watching of imports off; this is the message by which
 * node's own loader tells the watcher of a file. Without a watcher nothing happens.
 */
export function watchFile(path: string): void {
  if (process.env.WATCH_REPORT_DEPENDENCIES) process.send?.({ 'watch:require': [resolve(path)] });
}
