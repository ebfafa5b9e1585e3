import { hostname, userInfo } from 'node:os';
import { runCli } from './run-cli.ts';

// A reader that leaves early (`sluice trail | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

process.exitCode = await runCli(process.argv.slice(2), {
  environment: process.env,
  folder: process.cwd(),
  actor: `${userInfo().username}@${hostname()}`,
  columns: process.stdout.columns ?? 80,
  nowMs: Date.now(),
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
});
