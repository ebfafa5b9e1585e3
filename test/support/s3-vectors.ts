import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import * as model from '@aws-sdk/client-s3vectors';
import { type Filter, matches } from './s3-vectors-filter.ts';
import { departures } from './s3-vectors-schema.ts';

/** A vector as the service keeps it. */
export interface KeptVector {
  readonly key: string;
  readonly data: { readonly float32: readonly number[] };
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A request as the service received it. */
export interface VectorsRequest {
  readonly operation: string;
  // biome-ignore lint/suspicious/noExplicitAny: a body of any operation, looked into by tests
  readonly body: any;
  readonly headers: IncomingMessage['headers'];
}

/** What stands in the way of an answer; true where it has been given. */
export type VectorsFault = (request: VectorsRequest, response: ServerResponse) => boolean;

/** A service that speaks as Amazon S3 Vectors does, on loopback, with one index. */
export interface TestVectors {
  readonly url: string;
  readonly received: VectorsRequest[];
  readonly vectors: Map<string, KeptVector>;
  /** What requests meet from now on; nothing where it is undefined. */
  fault(fault: VectorsFault | undefined): void;
  /** Actions of the caller's policy, such as `s3vectors:QueryVectors`. */
  allow(actions: readonly string[]): void;
  close(): Promise<void>;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-vectors-limitations.html */
const limits = {
  topK: 100,
  put: 500,
  delete: 500,
  list: 1_000,
  key: 1_024,
  metadataKeys: 50,
  filterableBytes: 2_048,
  metadataBytes: 40_960,
};

const inputs = {
  PutVectors: model.PutVectorsInput$,
  QueryVectors: model.QueryVectorsInput$,
  ListVectors: model.ListVectorsInput$,
  DeleteVectors: model.DeleteVectorsInput$,
};
const outputs = {
  PutVectors: model.PutVectorsOutput$,
  QueryVectors: model.QueryVectorsOutput$,
  ListVectors: model.ListVectorsOutput$,
  DeleteVectors: model.DeleteVectorsOutput$,
};

class Refusal extends Error {
  readonly status: number;
  readonly type: string;
  constructor(status: number, type: string, message: string) {
    super(message);
    this.status = status;
    this.type = type;
  }
}

const invalid = (message: string) => new Refusal(400, 'ValidationException', message);

/** Answers an error as the service's protocol has it: its type in a header, its message in the body. */
export function refuse(response: ServerResponse, status: number, type: string, message: string): void {
  const fieldList = type === 'ValidationException' ? { fieldList: [{ path: '', message }] } : {};
  response.writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': type, 'x-amzn-requestid': 'test' });
  response.end(JSON.stringify({ message, ...fieldList }));
}

/** Starts the service with one index. */
export async function startVectors({
  indexArn,
  dimension,
}: {
  readonly indexArn: string;
  readonly dimension: number;
}): Promise<TestVectors> {
  const received: VectorsRequest[] = [];
  const vectors = new Map<string, KeptVector>();
  const sockets = new Set<Socket>();
  let fault: VectorsFault | undefined;
  let allowed: ReadonlySet<string> | undefined;

  const requireActions = (...actions: string[]): void => {
    const missing = actions.find((action) => allowed !== undefined && !allowed.has(`s3vectors:${action}`));
    if (missing !== undefined) throw new Refusal(403, 'AccessDeniedException', `not authorized to perform: s3vectors:${missing}`);
  };
  const checkVector = ({ float32 }: KeptVector['data']): void => {
    if (float32.length !== dimension) throw invalid(`Query vector contains invalid values or is invalid for this index: ${float32.length}`);
    if (float32.every((value) => value === 0)) throw invalid('a zero vector has no direction for the cosine distance');
  };

  const operations = {
    PutVectors(body: { vectors: KeptVector[] }) {
      requireActions('PutVectors');
      if (body.vectors.length < 1 || body.vectors.length > limits.put) throw invalid('between 1 and 500 vectors');
      for (const vector of body.vectors) {
        checkVector(vector.data);
        if (vector.key.length < 1 || vector.key.length > limits.key) throw invalid('a key of 1 to 1024 characters');
        checkMetadata(vector.metadata ?? {});
      }
      for (const vector of body.vectors) vectors.set(vector.key, vector);
      return {};
    },
    QueryVectors(body: model.QueryVectorsInput & { queryVector: KeptVector['data']; filter?: Filter; topK: number }) {
      requireActions('QueryVectors', ...(body.filter !== undefined || body.returnMetadata === true ? ['GetVectors'] : []));
      if (body.topK < 1 || body.topK > limits.topK) throw invalid('topK must be between 1 and 100');
      checkVector(body.queryVector);
      const found = [...vectors.values()]
        .filter(({ metadata }) => body.filter === undefined || matches(body.filter, metadata ?? {}, invalid))
        .map((vector) => ({ vector, distance: cosineDistance(vector.data.float32, body.queryVector.float32) }))
        .sort((one, other) => one.distance - other.distance)
        .slice(0, body.topK)
        .map(({ vector, distance }) => ({
          key: vector.key,
          ...(body.returnDistance === true && { distance }),
          ...(body.returnMetadata === true && vector.metadata !== undefined && { metadata: vector.metadata }),
        }));
      return { vectors: found, distanceMetric: 'cosine' };
    },
    ListVectors(body: model.ListVectorsInput) {
      requireActions('ListVectors', ...(body.returnData === true || body.returnMetadata === true ? ['GetVectors'] : []));
      const size = body.maxResults ?? 500;
      if (size < 1 || size > limits.list) throw invalid('maxResults must be between 1 and 1000');
      const keys = [...vectors.keys()].sort();
      const from = body.nextToken === undefined ? 0 : keys.findIndex((key) => key > Buffer.from(body.nextToken ?? '', 'base64').toString());
      const page = from < 0 ? [] : keys.slice(from, from + size);
      const last = page.at(-1);
      return {
        vectors: page.map((key) => ({ key, ...(body.returnMetadata === true && { metadata: vectors.get(key)?.metadata }) })),
        ...(last !== undefined && last !== keys.at(-1) && { nextToken: Buffer.from(last).toString('base64') }),
      };
    },
    DeleteVectors(body: { keys: string[] }) {
      requireActions('DeleteVectors');
      if (body.keys.length < 1 || body.keys.length > limits.delete) throw invalid('between 1 and 500 keys');
      for (const key of body.keys) vectors.delete(key);
      return {};
    },
  };

  const answer = (request: VectorsRequest): object => {
    const name = request.operation as keyof typeof operations;
    if (!(name in operations)) throw new Refusal(404, 'UnknownOperationException', request.operation);
    const wrong = departures(inputs[name], request.body);
    if (wrong.length > 0) throw invalid(wrong.join('; '));
    if (request.body.indexArn !== indexArn) throw new Refusal(404, 'NotFoundException', 'The specified index could not be found');
    const output = operations[name](request.body);
    const ownWrong = departures(outputs[name], JSON.parse(JSON.stringify(output)));
    if (ownWrong.length > 0)
      throw new Refusal(500, 'InternalServerException', `the stand-in departs from the model: ${ownWrong.join('; ')}`);
    return output;
  };

  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    const request = { operation: (incoming.url ?? '').slice(1), body: text === '' ? {} : JSON.parse(text), headers: incoming.headers };
    received.push(request);
    if (fault?.(request, response) === true) return;
    try {
      if (incoming.method !== 'POST') throw new Refusal(405, 'MethodNotAllowed', 'POST');
      if (!/^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/[\w-]+\/s3vectors\/aws4_request, /.test(incoming.headers.authorization ?? '')) {
        throw new Refusal(403, 'AccessDeniedException', 'not signed for s3vectors');
      }
      const output = answer(request);
      response.writeHead(200, { 'content-type': 'application/json', 'x-amzn-requestid': 'test' });
      response.end(JSON.stringify(output));
    } catch (error) {
      const { status, type, message } = error instanceof Refusal ? error : new Refusal(500, 'InternalServerException', String(error));
      refuse(response, status, type, message);
    }
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    vectors,
    fault: (next) => {
      fault = next;
    },
    allow: (actions) => {
      allowed = new Set(actions);
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function checkMetadata(metadata: Readonly<Record<string, unknown>>): void {
  const bytes = Buffer.byteLength(JSON.stringify(metadata));
  if (Object.keys(metadata).length > limits.metadataKeys) throw invalid('at most 50 metadata keys');
  // Nothing is declared non-filterable in the index, so all of it counts.
  if (bytes > limits.filterableBytes) throw invalid(`Filterable metadata must have at most ${limits.filterableBytes} bytes`);
  if (bytes > limits.metadataBytes) throw invalid(`Metadata must have at most ${limits.metadataBytes} bytes`);
}

function cosineDistance(one: readonly number[], other: readonly number[]): number {
  const dot = one.reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);
  return 1 - dot / (Math.hypot(...one) * Math.hypot(...other));
}
