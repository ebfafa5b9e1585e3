import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { AwsCredentials } from '../aws/credentials.ts';
import { awsSignature } from '../aws/signature.ts';

/** A log group and who asks for it. */
export interface LogGroupOptions {
  readonly logGroup: string;
  readonly region: string;
  readonly credentials: AwsCredentials;
  /** Another place than CloudWatch Logs of the region. */
  readonly endpoint?: string | undefined;
}

/** One event of a stream. */
export interface LogEvent {
  readonly timestamp: number;
  readonly message: string;
}

/** CloudWatch Logs has so long to answer. */
const timeoutMs = 5_000;

/** A service that is asked too often is asked again, a little later each time. */
const mostAttempts = 4;
const pauseMs = 200;

const putAnswer = z.object({ rejectedLogEventsInfo: z.object({}).loose().nullish() });
const filterAnswer = z.object({ events: z.array(z.object({ message: z.string() })).nullish(), nextToken: z.string().nullish() });

/**
 * Streams of events in CloudWatch Logs: three requests of its API
 * (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html), signed here, because the SDK's client
 * would double the package for them.
 */
export class LogGroup {
  readonly #options: LogGroupOptions;

  constructor(options: LogGroupOptions) {
    this.#options = options;
  }

  /** Adds events of one time to a stream, and makes the stream where it is the first to do so. @throws Error when they are not taken. */
  async put(stream: string, events: readonly LogEvent[]): Promise<void> {
    const put = { logStreamName: stream, logEvents: events };
    let answer = await this.#call('PutLogEvents', put);
    if (answer.error === 'ResourceNotFoundException') {
      const made = await this.#call('CreateLogStream', { logStreamName: stream });
      if (made.error !== undefined && made.error !== 'ResourceAlreadyExistsException') throw failed('CreateLogStream', made.error);
      answer = await this.#call('PutLogEvents', put);
    }
    if (answer.error !== undefined) throw failed('PutLogEvents', answer.error);
    // Events out of the times it takes are dropped with a 200.
    if (putAnswer.parse(answer.body).rejectedLogEventsInfo) throw new Error('CloudWatch Logs rejected events of a payload');
  }

  /** The messages of one moment of a stream that match a filter pattern; none where there is no such stream. @throws Error */
  async find(stream: string, atMs: number, filterPattern: string): Promise<string[]> {
    const messages: string[] = [];
    let nextToken: string | undefined;
    do {
      const answer = await this.#call('FilterLogEvents', {
        logStreamNames: [stream],
        startTime: atMs,
        endTime: atMs + 1,
        filterPattern,
        ...(nextToken !== undefined && { nextToken }),
      });
      if (answer.error === 'ResourceNotFoundException') return [];
      if (answer.error !== undefined) throw failed('FilterLogEvents', answer.error);
      const page = filterAnswer.parse(answer.body);
      messages.push(...(page.events ?? []).map(({ message }) => message));
      nextToken = page.nextToken ?? undefined;
    } while (nextToken !== undefined);
    return messages;
  }

  async #call(operation: string, input: object): Promise<{ readonly error: string | undefined; readonly body: unknown }> {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#send(operation, input);
      const passing = answer.status >= 500 || answer.error === 'ThrottlingException';
      if (!passing || attempt >= mostAttempts) return answer;
      await sleep(Math.random() * pauseMs * 2 ** attempt);
    }
  }

  async #send(operation: string, input: object) {
    const { logGroup, region, credentials, endpoint = `https://logs.${region}.amazonaws.com` } = this.#options;
    const url = new URL('/', endpoint);
    const body = JSON.stringify({ logGroupName: logGroup, ...input });
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Logs_20140328.${operation}` };
    const request = { method: 'POST', url, headers, body, service: 'logs', region, atMs: Date.now() };
    const { host: _host, ...signed } = awsSignature(request, credentials);
    const response = await fetch(url, { method: 'POST', headers: signed, body, signal: AbortSignal.timeout(timeoutMs) });
    const text = await response.text();
    if (response.ok) return { status: response.status, error: undefined, body: text === '' ? {} : JSON.parse(text) };
    // `__type` may have a namespace before it: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
    const type = /"__type"\s*:\s*"(?:[^"#]*#)?([A-Za-z]+)/.exec(text)?.[1];
    return { status: response.status, error: type ?? `status ${response.status}`, body: undefined };
  }
}

function failed(operation: string, error: string): Error {
  return new Error(`CloudWatch Logs answered ${error} to ${operation}`);
}
