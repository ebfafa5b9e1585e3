import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import { isStreamingHandler } from './awslambda.ts';
import { bufferedResponseSchema, writeResponseHead } from './function-response.ts';
import { relayTo } from './response-relay.ts';

/** A Lambda handler of either kind; which one is told by the mark that `streamifyResponse` leaves. */
export type LambdaHandler = (...parameters: never[]) => unknown;

/** What this host tells a function about its invocation. The callbacks of old runtimes are not among it. */
export interface LocalContext extends Omit<Context, 'done' | 'fail' | 'succeed'> {
  /** Aborts when the client leaves before it has the whole response. Lambda cannot tell that, so a function has to do without. */
  readonly clientGone: AbortSignal;
}

/** The longest an invocation may take in Lambda, in milliseconds. */
const defaultTimeoutMs = 15 * 60 * 1000;

/** Makes the context of one invocation that starts now. */
export function localContext(functionName: string, clientGone: AbortSignal, timeoutMs: number = defaultTimeoutMs): LocalContext {
  const deadline = performance.now() + timeoutMs;
  return {
    awsRequestId: randomUUID(),
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:us-east-1:000000000000:function:${functionName}`,
    memoryLimitInMB: '1024',
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'local',
    callbackWaitsForEmptyEventLoop: false,
    clientGone,
    getRemainingTimeInMillis: () => Math.max(0, Math.round(deadline - performance.now())),
  };
}

/**
 * Invokes `handler` with `event` and sends what it answers to `response`. Settles when the function has
 * done all its work, which may be after the client has its last byte.
 * @throws whatever the handler throws, or an Error when its answer is malformed. The response is then
 * as far as the function had come.
 */
export async function invokeForHttp(
  handler: LambdaHandler,
  functionName: string,
  event: APIGatewayProxyEvent,
  response: ServerResponse,
): Promise<void> {
  const clientGone = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) clientGone.abort();
  });
  const context = localContext(functionName, clientGone.signal);
  if (!isStreamingHandler(handler)) {
    const { body, isBase64Encoded, ...head } = bufferedResponseSchema.parse(await Reflect.apply(handler, undefined, [event, context]));
    writeResponseHead(response, head);
    response.end(Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8'));
    return;
  }
  const stream = relayTo(response);
  let streamError: Error | undefined;
  stream.on('error', (error) => {
    streamError = error;
  });
  await Reflect.apply(handler, undefined, [event, stream, context]);
  if (streamError) throw streamError;
  if (!stream.writableEnded && !stream.destroyed) throw new Error('The function returned without ending its response stream.');
}
