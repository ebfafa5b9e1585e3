import type { ResponseStream } from './response-stream.ts';

/** Content type by which API Gateway knows that a stream opens with metadata. */
export const integrationResponseType = 'application/vnd.awslambda.http-integration-response';

/** The metadata ends at this many NUL bytes; the body follows. */
export const preludeDelimiterLength = 8;

const streamingMark = Symbol.for('aws.lambda.runtime.handler.streaming');
const highWaterMark = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');

/** Whether the runtime would call this handler with a response stream as its second argument. */
export function isStreamingHandler(handler: object): boolean {
  return Reflect.get(handler, streamingMark) === 'response';
}

/**
 * What the Lambda runtime puts on `globalThis.awslambda`, under the rules of its own client
 * (aws-lambda-ric 4.0.2, `setupGlobals` and `HttpResponseStream`). It has to be in place before a
 * module that makes a streaming handler is loaded.
 */
export const awsLambdaShim = {
  /** Marks `handler` as one that takes `(event, responseStream, context)`, and returns it. */
  streamifyResponse<Handler extends object>(handler: Handler, options?: { readonly highWaterMark?: number }): Handler {
    Reflect.set(handler, streamingMark, 'response');
    if (typeof options?.highWaterMark === 'number') Reflect.set(handler, highWaterMark, Math.trunc(options.highWaterMark));
    return handler;
  },

  HttpResponseStream: {
    /**
     * Makes `stream` open with `metadata` (status code, headers, cookies) as JSON and eight NUL bytes,
     * written before its first byte. Returns the same stream.
     */
    from<Stream extends PreludeStream>(stream: Stream, metadata: unknown): Stream {
      stream.setContentType(integrationResponseType);
      const prelude = JSON.stringify(metadata);
      stream._onBeforeFirstWrite = (write) => {
        write(prelude);
        write(new Uint8Array(preludeDelimiterLength));
      };
      return stream;
    },
  },
};

type PreludeStream = Pick<ResponseStream, 'setContentType' | '_onBeforeFirstWrite'>;
