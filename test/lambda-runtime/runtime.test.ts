import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bundleFunction } from '../../infra/aws/bundle.ts';
import { openProxyResponse, within } from './invocation.ts';
import { type LambdaRuntime, startRuntime } from './start-runtime.ts';

let packages: string;
const running: LambdaRuntime[] = [];

async function bundle(name: string): Promise<string> {
  const directory = join(packages, name);
  await bundleFunction({ entry: join(import.meta.dirname, `fixtures/${name}.ts`), directory, files: {} });
  return directory;
}

async function start(name: string, environment: Record<string, string> = {}): Promise<LambdaRuntime> {
  const runtime = await startRuntime({ bundleDir: join(packages, name), handler: 'index.handler', environment });
  running.push(runtime);
  return runtime;
}

beforeAll(async () => {
  packages = await mkdtemp(join(tmpdir(), 'sluice-packages-'));
  await Promise.all([bundle('streaming-handlers'), bundle('buffered-handler')]);
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((runtime) => runtime.stop()));
});
afterAll(() => rm(packages, { recursive: true, force: true }));

describe('a streaming function under the runtime client of AWS', () => {
  it('opens with metadata and sends each chunk when it is made', async () => {
    const runtime = await start('streaming-handlers');
    const invocation = runtime.invoke({ case: 'chunks', chunks: 4, everyMs: 60 });
    const { head, headAtMs, body } = await openProxyResponse(invocation);
    expect(head).toEqual({ statusCode: 200, headers: { 'content-type': 'text/event-stream' } });
    const received: { text: string; atMs: number }[] = [];
    for await (const chunk of body) received.push({ text: String(chunk.bytes), atMs: chunk.atMs });
    expect(received.map((chunk) => chunk.text)).toEqual(['data: 0\n\n', 'data: 1\n\n', 'data: 2\n\n', 'data: 3\n\n']);
    // Four pauses of 60 ms lie between the head and the last chunk, three of them after the first chunk.
    expect((received.at(-1)?.atMs ?? 0) - headAtMs).toBeGreaterThan(150);
    expect((received.at(-1)?.atMs ?? 0) - (received[0]?.atMs ?? 0)).toBeGreaterThan(100);
    expect(await invocation.outcome).toMatchObject({
      streamed: true,
      contentType: 'application/vnd.awslambda.http-integration-response',
      error: undefined,
    });
  });

  it('settles after the last byte, before the next invocation', async () => {
    const runtime = await start('streaming-handlers');
    const invocation = runtime.invoke({ case: 'chunks', chunks: 1 });
    const next = runtime.invoke({ case: 'text' });
    const { endedAtMs } = await invocation.outcome;
    const finishedAtMs = await invocation.finishedAtMs;
    expect(finishedAtMs - endedAtMs).toBeGreaterThan(150);
    expect(runtime.logs()).toContain('settle ends');
    expect((await openProxyResponse(next)).head.statusCode).toBe(201);
  });

  it('whose body catches its error ends cleanly and settles', async () => {
    const runtime = await start('streaming-handlers');
    const invocation = runtime.invoke({ case: 'body-catches' });
    expect((await invocation.bytes()).toString()).toMatch(/data: first\n\nevent: error\ndata: upstream died\n\n$/);
    expect((await invocation.outcome).error).toBeUndefined();
    await within(5000, invocation.finishedAtMs);
    expect(runtime.logs()).toContain('settle ends');
  });

  it('whose body errs loses its process and its settling: a body must not err', async () => {
    const runtime = await start('streaming-handlers');
    const invocation = runtime.invoke({ case: 'body-errs' });
    expect((await invocation.outcome).error?.type).toBe('Runtime.ExitError');
    expect(await within(5000, runtime.exited)).not.toBe(0);
    expect(runtime.logs()).not.toContain('settle ends');
  });

  it('that throws with an answer sends that answer and settles', async () => {
    const runtime = await start('streaming-handlers');
    const invocation = runtime.invoke({ case: 'throws-with-answer' });
    expect((await openProxyResponse(invocation)).head.statusCode).toBe(503);
    await within(5000, invocation.finishedAtMs);
    expect(runtime.logs()).toContain('settle ends');
  });

  it('that throws without an answer sends an error trailer and does not settle', async () => {
    const runtime = await start('streaming-handlers');
    const invocation = runtime.invoke({ case: 'throws' });
    expect(await invocation.outcome).toMatchObject({ error: { type: 'Error', detail: { errorMessage: 'refused' } } });
    expect((await invocation.bytes()).length).toBe(0);
    await within(5000, invocation.finishedAtMs);
    expect(runtime.logs()).not.toContain('settle begins');
  });

  it('cannot answer with a Buffer: the error comes after the head', async () => {
    const runtime = await start('streaming-handlers');
    const invocation = runtime.invoke({ case: 'buffer-body' });
    expect((await openProxyResponse(invocation)).head.statusCode).toBe(200);
    expect((await invocation.outcome).error?.detail).toMatchObject({ errorMessage: 'handler response not a Readable or ReadableStream' });
  });
});

describe('a buffered function under the runtime client of AWS', () => {
  it('posts its result', async () => {
    const runtime = await start('buffered-handler');
    const invocation = runtime.invoke({});
    expect(JSON.parse((await invocation.bytes()).toString())).toEqual({ statusCode: 200, body: 'buffered' });
    expect(await invocation.outcome).toMatchObject({ streamed: false, error: undefined });
  });

  it('posts its error', async () => {
    const runtime = await start('buffered-handler');
    expect((await runtime.invoke({ fail: true }).outcome).error).toMatchObject({ type: 'RangeError', detail: { errorMessage: 'no' } });
  });
});

describe('a start', () => {
  it('reports a function that does not load', async () => {
    await expect(startRuntime({ bundleDir: join(packages, 'buffered-handler'), handler: 'index.missing' })).rejects.toThrow(
      /index\.missing is undefined/,
    );
  });
});
