import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { installRuntimeClient } from './install-runtime-client.ts';
import type { Invocation } from './invocation.ts';
import { startRuntimeApiHost } from './runtime-api-host.ts';

/** A function to run as Lambda would. */
export interface RuntimeOptions {
  /** The code package: `LAMBDA_TASK_ROOT`. */
  readonly bundleDir: string;
  /** Such as `index.handler`. */
  readonly handler: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** An execution environment. */
export interface LambdaRuntime {
  /** Invokes the function; environments take one invocation at a time, further ones wait. */
  invoke(event: unknown, timeoutMs?: number): Invocation;
  /** Everything the function wrote to stdout and stderr so far. */
  logs(): string;
  /** Resolves with the exit code when the process ends, by itself or by `stop`. */
  readonly exited: Promise<number | null>;
  stop(): Promise<void>;
}

/**
 * Runs a code package under AWS's own runtime client (aws-lambda-ric), in a process of its own with a
 * function's environment and nothing else. Resolves when the function has loaded.
 * @throws Error with the runtime's report when it does not load.
 */
export async function startRuntime({ bundleDir, handler, environment = {} }: RuntimeOptions): Promise<LambdaRuntime> {
  const client = await installRuntimeClient();
  const host = await startRuntimeApiHost();
  const child = spawn(process.execPath, ['--import', join(import.meta.dirname, 'preload.ts'), client], {
    cwd: bundleDir,
    env: {
      PATH: process.env.PATH,
      AWS_LAMBDA_RUNTIME_API: host.address,
      AWS_LAMBDA_NODEJS_USE_ALTERNATIVE_CLIENT_1: 'true',
      AWS_LAMBDA_LOG_FORMAT: 'JSON',
      AWS_LAMBDA_FUNCTION_NAME: 'under-test',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/under-test',
      AWS_LAMBDA_LOG_STREAM_NAME: 'local',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1024',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      LAMBDA_TASK_ROOT: bundleDir,
      _HANDLER: handler,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let logs = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      logs += text;
    });
  }
  const exited = once(child, 'close').then(async ([code]): Promise<number | null> => {
    host.environmentDied(logs);
    await host.close();
    return code;
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };

  const failure = await Promise.race([
    host.ready.then(() => undefined),
    host.initError.then((report) => JSON.stringify(report)),
    exited.then((code) => `exit code ${code}`),
  ]);
  if (failure === undefined) return { invoke: (event, timeoutMs) => host.invoke(event, timeoutMs), logs: () => logs, exited, stop };
  await stop();
  throw new Error(`The function did not load: ${failure}\n${logs}`);
}
