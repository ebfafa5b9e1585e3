import type { Agent, ClientRequest, IncomingMessage } from 'node:http';
import * as z from 'zod';
import type { AwsCredentials } from '../aws/credentials.ts';
import { StoreError } from './dynamo-client.ts';
import { RequestSigner } from './dynamo-signature.ts';
import { ConditionRefused, type DynamoOperations, type DynamoTransport, storeErrorOf } from './dynamo-transport.ts';
import type { WireItem } from './dynamo-values.ts';

/** Where DynamoDB is and who asks. */
export interface SignedTransportOptions {
  readonly region: string;
  /** Default: the region's public endpoint over TLS. */
  readonly endpoint?: string | undefined;
  /** Asked for every request, so that credentials that change are taken up; must not do any work. */
  readonly credentials: () => AwsCredentials;
  /** Connections at most. Default 128. */
  readonly maxConnections?: number | undefined;
}

const apiVersion = 'DynamoDB_20120810';

const errorBodySchema = z.object({
  __type: z.string().default('UnknownError'),
  message: z.string().nullish(),
  Message: z.string().nullish(),
  Item: z.custom<WireItem>((item) => typeof item === 'object' && item !== null).optional(),
});

/**
 * DynamoDB over one keep-alive HTTP agent and a hand-made signature: a fifth of the CPU of the SDK's client
 * a call (docs/scaling.md), which decides how many calls one core carries. It knows nothing but what the store needs.
 */
export class SignedTransport implements DynamoTransport {
  readonly #signer: RequestSigner;
  readonly #credentials: () => AwsCredentials;
  readonly #url: URL;
  readonly #agent: Agent;
  readonly #request: (options: object, answered: (response: IncomingMessage) => void) => ClientRequest;

  constructor(options: SignedTransportOptions) {
    this.#signer = new RequestSigner(options.region, 'dynamodb');
    this.#credentials = options.credentials;
    this.#url = new URL(options.endpoint ?? `https://dynamodb.${options.region}.amazonaws.com`);
    // Importing these as ES modules costs 20 ms at start: it builds every named export, WebSocket's client among them.
    const http = process.getBuiltinModule(this.#url.protocol === 'https:' ? 'node:https' : 'node:http');
    this.#agent = new http.Agent({ keepAlive: true, maxSockets: options.maxConnections ?? 128, scheduling: 'lifo', timeout: 30_000 });
    this.#request = (requestOptions, answered) => http.request(requestOptions, answered);
  }

  async attempt<Name extends keyof DynamoOperations>(
    name: Name,
    input: DynamoOperations[Name]['input'],
    timeoutMs: number,
  ): Promise<DynamoOperations[Name]['output']> {
    const answer = await this.#post(`${apiVersion}.${name}`, JSON.stringify(input), timeoutMs);
    if (answer.status === 200) return parsed(answer.body);
    throw failure(answer.status, answer.body);
  }

  close(): void {
    this.#agent.destroy();
  }

  #post(target: string, body: string, timeoutMs: number): Promise<{ status: number; body: string }> {
    const headers = this.#signer.headersFor({ host: this.#url.host, target, body, atMs: Date.now() }, this.#credentials());
    headers['content-length'] = String(Buffer.byteLength(body));
    return new Promise((resolve, reject) => {
      const request = this.#request(
        {
          method: 'POST',
          host: this.#url.hostname,
          port: this.#url.port || undefined,
          path: '/',
          headers,
          agent: this.#agent,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            clearTimeout(timer);
            const [only] = chunks;
            const text = chunks.length === 1 && only ? only.toString() : Buffer.concat(chunks).toString();
            resolve({ status: response.statusCode ?? 0, body: text });
          });
          response.on('error', fail);
        },
      );
      const timer = setTimeout(
        () => request.destroy(new StoreError('unavailable', 'Timeout', 'DynamoDB did not answer in time')),
        timeoutMs,
      );
      function fail(error: Error & { code?: string }) {
        clearTimeout(timer);
        reject(error instanceof StoreError ? error : new StoreError('unavailable', error.code ?? error.name, error.message, error));
      }
      request.on('error', fail);
      request.end(body);
    });
  }
}

function parsed(body: string) {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new StoreError('unavailable', 'UnreadableAnswer', 'DynamoDB answered with something that is not JSON', error);
  }
}

function failure(status: number, body: string): Error {
  const error = errorBodySchema.safeParse(safeJson(body));
  if (!error.success) return storeErrorOf('UnreadableAnswer', status, `DynamoDB answered with status ${status}`);
  const code = error.data.__type.slice(error.data.__type.lastIndexOf('#') + 1);
  if (code === 'ConditionalCheckFailedException') return new ConditionRefused(error.data.Item);
  return storeErrorOf(code, status, error.data.message ?? error.data.Message ?? `DynamoDB answered with status ${status}`);
}

function safeJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
