import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readEnvironment } from '../../shared/config/environment.ts';
import { sortableId } from '../../shared/control/sortable-id.ts';
import { LogGroupPayloads } from '../../shared/store/payload-log-group.ts';
import { payloadStore } from '../../shared/store/record-connect.ts';
import { FolderPayloads, S3Payloads } from '../../shared/store/record-payloads.ts';

const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret' };
const atMs = Date.parse('2026-11-20T12:34:56.789Z');
const newId = () => sortableId('req_', atMs, randomBytes);

type Answer = (request: IncomingMessage, body: string, response: ServerResponse) => unknown;

let server: Server;
let endpoint = '';
let answer: Answer = () => undefined;

beforeAll(async () => {
  server = createServer(async (request, response) => answer(request, await text(request), response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
});

describe('payloads in S3', () => {
  const objects = new Map<string, string>();
  afterEach(() => objects.clear());

  const s3: Answer = ({ method, url = '', headers }, body, response) => {
    if (!headers.authorization?.startsWith('AWS4-HMAC-SHA256 Credential=AKID/')) return response.writeHead(400).end();
    if (method === 'PUT') objects.set(url, body);
    const found = objects.get(url);
    return found === undefined ? response.writeHead(403).end() : response.writeHead(200).end(method === 'GET' ? found : '');
  };

  it('are objects, found again by the id', async () => {
    answer = s3;
    const payloads = new S3Payloads({ bucket: 'kept', region: 'eu-west-1', credentials, endpoint });
    const payload = { id: newId(), atMs, request: { a: 'ü' } };
    await payloads.put(payload);
    expect([...objects.keys()]).toEqual([`/kept/payloads/${payload.id}.json`]);
    expect(await payloads.get(payload.id)).toEqual(payload);
    expect(await payloads.get(newId())).toBeUndefined();
    expect(await payloads.get('../x')).toBeUndefined();
  });

  it('fail aloud where S3 does', async () => {
    answer = (_request, _body, response) => void response.writeHead(500).end();
    const payloads = new S3Payloads({ bucket: 'kept', region: 'eu-west-1', credentials, endpoint });
    await expect(payloads.put({ id: newId(), atMs, request: {} })).rejects.toThrow('500');
    await expect(payloads.get(newId())).rejects.toThrow('500');
  });
});

/** CloudWatch Logs as far as it matters: streams have to be made first, and batches and events have their sizes. */
class FakeLogs {
  readonly streams = new Map<string, { timestamp: number; message: string }[]>();
  readonly operations: string[] = [];
  throttled = 0;

  readonly answer: Answer = (request, body, response) => {
    const operation = String(request.headers['x-amz-target']).replace('Logs_20140328.', '');
    this.operations.push(operation);
    const fail = (type: string) => response.writeHead(400).end(JSON.stringify({ __type: `com.amazonaws.logs#${type}` }));
    if (this.throttled > 0) {
      this.throttled -= 1;
      return fail('ThrottlingException');
    }
    const input = JSON.parse(body);
    if (input.logGroupName !== 'kept') return fail('InvalidParameterException');
    const name = input.logStreamName ?? input.logStreamNames[0];
    if (operation === 'CreateLogStream') {
      this.streams.set(name, []);
      return response.end();
    }
    const stream = this.streams.get(name);
    if (stream === undefined) return fail('ResourceNotFoundException');
    if (operation === 'PutLogEvents') return this.#put(stream, input.logEvents, response, fail);
    const id = /"(req_\w+)"/.exec(input.filterPattern)?.[1];
    const found = stream.filter(
      ({ timestamp, message }) => timestamp >= input.startTime && timestamp <= input.endTime && JSON.parse(message).id === id,
    );
    // A page may be empty and not be the last.
    const page = input.nextToken === undefined ? { events: [], nextToken: 'more' } : { events: found };
    return response.end(JSON.stringify(page));
  };

  #put(
    stream: { timestamp: number; message: string }[],
    events: { timestamp: number; message: string }[],
    response: ServerResponse,
    fail: (type: string) => unknown,
  ): unknown {
    const sizes = events.map(({ message }) => Buffer.byteLength(message));
    if (sizes.some((size) => size > 256 * 1024) || sizes.reduce((sum, size) => sum + size + 26, 0) > 1_048_576)
      return fail('InvalidParameterException');
    stream.push(...events);
    return response.end('{}');
  }
}

describe('payloads in a log group', () => {
  let logs = new FakeLogs();
  const place = () => {
    logs = new FakeLogs();
    answer = logs.answer;
    return new LogGroupPayloads({ logGroup: 'kept', region: 'eu-west-1', credentials, endpoint });
  };

  it('are an event each, in the stream of their hour and at the time of their call, and found again', async () => {
    const payloads = place();
    const payload = { id: newId(), atMs, request: { messages: [{ content: 'hello' }] }, response: 'ü' };
    await payloads.put(payload);
    await payloads.put({ ...payload, id: newId() });
    expect(logs.operations).toEqual(['PutLogEvents', 'CreateLogStream', 'PutLogEvents', 'PutLogEvents']);
    expect([...logs.streams.keys()]).toEqual(['2026-11-20/12']);
    const [event] = logs.streams.get('2026-11-20/12') ?? [];
    expect(event).toEqual({ timestamp: atMs, message: JSON.stringify(payload) });
    expect(await payloads.get(payload.id)).toEqual(payload);
  });

  it.each([
    ['plain text ', 30_000],
    ['"quoted\\" 🦦 ünd "', 400_000],
  ])('are several events when they are long (%s)', async (piece, times) => {
    const payloads = place();
    const payload = { id: newId(), atMs, request: { content: piece.repeat(times) } };
    await payloads.put(payload);
    expect(logs.streams.get('2026-11-20/12')?.length).toBeGreaterThan(3);
    expect(await payloads.get(payload.id)).toEqual(payload);
  });

  it('are not there as long as a part is missing, and once however often a part came', async () => {
    const payloads = place();
    const payload = { id: newId(), atMs, request: { content: 'long '.repeat(40_000) } };
    await payloads.put(payload);
    const stream = logs.streams.get('2026-11-20/12') ?? [];
    const [first] = stream.splice(0, 1);
    expect(await payloads.get(payload.id)).toBeUndefined();
    if (first !== undefined) stream.push(first, first);
    expect(await payloads.get(payload.id)).toEqual(payload);
  });

  it('are none where there is no stream, no such call, or no id of ours', async () => {
    const payloads = place();
    expect(await payloads.get(newId())).toBeUndefined();
    expect(await payloads.get('" } || { $.id = "x')).toBeUndefined();
    await expect(payloads.put({ id: '../x', atMs, request: {} })).rejects.toThrow(RangeError);
    expect(logs.operations).toEqual(['FilterLogEvents']);
  });

  it('wait their turn where the service is asked too often, and fail aloud where it goes on', async () => {
    const payloads = place();
    const payload = { id: newId(), atMs, request: {} };
    await payloads.put(payload);
    logs.throttled = 2;
    expect(await payloads.get(payload.id)).toEqual(payload);
    logs.throttled = 100;
    await expect(payloads.put(payload)).rejects.toThrow('ThrottlingException');
  });

  it('fail aloud where the service takes the request and drops the events', async () => {
    const payloads = place();
    answer = (_request, _body, response) => void response.end(JSON.stringify({ rejectedLogEventsInfo: { tooOldLogEventEndIndex: 1 } }));
    await expect(payloads.put({ id: newId(), atMs, request: {} })).rejects.toThrow('rejected');
  });
});

describe('the place of payloads', () => {
  const of = (variables: Record<string, string>) =>
    payloadStore(readEnvironment({ AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret', ...variables }));

  it('is what the deployment made, and none where it made none', async () => {
    expect(await of({ SLUICE_PAYLOAD_BUCKET: 'b' })).toBeInstanceOf(S3Payloads);
    expect(await of({ SLUICE_PAYLOAD_LOG_GROUP: 'g' })).toBeInstanceOf(LogGroupPayloads);
    expect(await of({ SLUICE_PAYLOAD_FOLDER: '/tmp/x' })).toBeInstanceOf(FolderPayloads);
    expect(await of({})).toBeUndefined();
  });
});
