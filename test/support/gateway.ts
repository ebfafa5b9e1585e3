import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { stringify } from 'yaml';

/** A gateway in a process of its own, as `npm start` runs it. */
export interface TestGateway {
  /** Without a path, such as `http://127.0.0.1:51234`. */
  readonly url: string;
  readonly adminKey: string;
  /** The first virtual key: without limits. */
  readonly key: string;
  /** Everything the functions have logged so far, a JSON line each. */
  readonly logLines: string[];
  /** Makes a virtual key through the control plane. */
  createKey(body: object): Promise<{ id: string; key: string }>;
  admin(method: string, path: string, body?: object): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Waits until a log line satisfies the predicate. */
  logged(matches: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  readonly process: ChildProcess;
  close(): Promise<void>;
}

export interface TestGatewayOptions {
  /** `gateway.yaml`, as an object. */
  readonly config?: object;
  readonly environment?: Readonly<Record<string, string>>;
  /** Default: nothing is kept. */
  readonly dataFolder?: string;
}

const adminKey = 'sluice-admin-of-the-tests-0123456789';

/** Starts a gateway on a free port with an embedded DynamoDB. */
export async function startGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-test-'));
  const configPath = join(folder, 'gateway.yaml');
  await writeFile(configPath, stringify(options.config ?? {}));
  const child = spawn(process.execPath, ['infra/local/main.ts'], {
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      PORT: '0',
      SLUICE_CONFIG: configPath,
      SLUICE_DATA: options.dataFolder ?? ':memory:',
      SLUICE_ADMIN_KEY: adminKey,
      SLUICE_LOG: '1',
      ...options.environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const logLines: string[] = [];
  const ready = await readUntilReady(child, logLines);
  const gateway: TestGateway = {
    ...ready,
    adminKey,
    logLines,
    process: child,
    admin: (method, path, body) => callAdmin(ready.url, method, path, body),
    createKey: async (body) => {
      const created = await callAdmin(ready.url, 'POST', '/admin/keys', body);
      if (created.status !== 201 && created.status !== 200) throw new Error(`no key: ${created.status} ${JSON.stringify(created.body)}`);
      return { id: String(created.body.id), key: String(created.body.key) };
    },
    logged: (matches) => waitForLine(logLines, matches),
    close: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        await ended;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
  return gateway;
}

async function readUntilReady(child: ChildProcess, logLines: string[]): Promise<{ url: string; key: string }> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('the child has no output');
  let errors = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  return await new Promise((resolve, reject) => {
    let key = '';
    const lines = createInterface({ input: stdout });
    lines.on('line', (line) => {
      if (line.startsWith('{')) logLines.push(line);
      key ||= /first key\s+(sk-\S+)/.exec(line)?.[1] ?? '';
      const url = /^sluice ready on (http:\S+)$/.exec(line)?.[1];
      if (url !== undefined) resolve({ url, key });
    });
    child.once('exit', (code) => reject(new Error(`the gateway ended with ${code}: ${errors}`)));
  });
}

async function callAdmin(
  url: string,
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${adminKey}`, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
}

async function waitForLine(
  lines: readonly string[],
  matches: (line: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown>> {
  const deadline = Date.now() + 10_000;
  for (let seen = 0; Date.now() < deadline; ) {
    for (; seen < lines.length; seen += 1) {
      const line: Record<string, unknown> = JSON.parse(lines[seen] ?? '{}');
      if (matches(line)) return line;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`no such log line among ${lines.length}`);
}
