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
 * destroys the stream with an error.
 *
 * When the client leaves within the body, the stream is destroyed with `ERR_STREAM_PREMATURE_CLOSE`,
 * which ends whatever is being piped into it. Before the metadata nothing waits on the stream yet, and
 * a function that begins to write to a destroyed one waits for ever; so it is destroyed only after them.
 */
export function relayTo(response: ServerResponse): ResponseStream {
  let prelude: Buffer | undefined = Buffer.alloc(0);
  let clientLeft = response.destroyed;

  const relayBody = (chunk: Buffer, done: (error?: Error | null) => void): void => {
    if (clientLeft || chunk.length === 0 || response.write(chunk)) done();
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
      if (error) return done(error);
      if (clientLeft) process.nextTick(destroy);
      return relayBody(body, done);
    },
    end: (done) => {
      if (prelude !== undefined) return done(new Error('The response ended before its metadata.'));
      return clientLeft ? done() : response.end(done);
    },
  });

  const destroy = (): void => {
    stream.destroy(Object.assign(new Error('The client has left.'), { code: 'ERR_STREAM_PREMATURE_CLOSE' }));
  };
  response.once('close', () => {
    if (response.writableFinished) return;
    clientLeft = true;
    if (prelude === undefined) destroy();
  });
  return stream;
}

function openResponse(response: ServerResponse, contentType: string, metadata: Buffer): Error | undefined {
  if (contentType !== integrationResponseType) return new Error(`The response is ${contentType}, not ${integrationResponseType}.`);
  if (response.destroyed) return undefined;
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
