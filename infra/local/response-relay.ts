import type { ServerResponse } from 'node:http';
import { integrationResponseType, preludeDelimiterLength } from './awslambda.ts';
import { responseHeadSchema, writeResponseHead } from './function-response.ts';
import { ResponseStream } from './response-stream.ts';

/** No honest metadata is larger; past it the function has forgotten the delimiter. */
const maxPreludeBytes = 1024 * 1024;
const delimiter = Buffer.alloc(preludeDelimiterLength);

/**
 * A response stream for one invocation of a streaming function whose bytes go to `response` as API
 * Gateway sends them: the metadata becomes status and headers, every chunk leaves in the tick in which
 * it was written, and a slow client slows the function down. A response without well-formed metadata
 * destroys the stream with an error. When the client leaves, the stream is destroyed without one, so
 * that whatever is being piped into it ends with `ERR_STREAM_PREMATURE_CLOSE`.
 */
export function relayTo(response: ServerResponse): ResponseStream {
  let prelude: Buffer | undefined = Buffer.alloc(0);

  const relayBody = (chunk: Buffer, done: (error?: Error | null) => void): void => {
    if (chunk.length === 0 || response.write(chunk)) done();
    else response.once('drain', done);
  };

  const stream: ResponseStream = new ResponseStream({
    write: (chunk, done) => {
      if (prelude === undefined) return relayBody(chunk, done);
      prelude = prelude.length === 0 ? chunk : Buffer.concat([prelude, chunk]);
      const end = prelude.indexOf(delimiter);
      if (end < 0) return done(prelude.length > maxPreludeBytes ? new Error('The response has no end of metadata.') : null);
      const body = prelude.subarray(end + preludeDelimiterLength);
      const error = openResponse(response, stream.contentType, prelude.subarray(0, end));
      prelude = undefined;
      return error ? done(error) : relayBody(body, done);
    },
    end: (done) => {
      if (prelude !== undefined) return done(new Error('The response ended before its metadata.'));
      response.end(done);
    },
  });

  response.once('close', () => {
    if (!response.writableFinished) stream.destroy();
  });
  return stream;
}

function openResponse(response: ServerResponse, contentType: string, metadata: Buffer): Error | undefined {
  if (contentType !== integrationResponseType) return new Error(`The response is ${contentType}, not ${integrationResponseType}.`);
  try {
    writeResponseHead(response, responseHeadSchema.parse(JSON.parse(metadata.toString('utf8'))));
  } catch (cause) {
    return new Error('The metadata of the response is malformed.', { cause });
  }
  // The head goes out by itself unless the body begins in this very tick; then both share a packet.
  process.nextTick(() => {
    if (!response.headersSent && !response.destroyed) response.flushHeaders();
  });
  return undefined;
}
