import { describe, expect, it } from 'vitest';
import { awsLambdaShim, integrationResponseType, isStreamingHandler } from '../../infra/local/awslambda.ts';
import { ResponseStream } from '../../infra/local/response-stream.ts';

function recordingStream() {
  const chunks: Buffer[] = [];
  const stream = new ResponseStream({
    write: (chunk, done) => {
      chunks.push(chunk);
      done();
    },
    end: (done) => done(),
  });
  return { chunks, stream, text: () => Buffer.concat(chunks).toString('latin1') };
}

describe('streamifyResponse', () => {
  it('returns the very handler, marked as streaming', () => {
    const handler = async () => undefined;
    expect(isStreamingHandler(handler)).toBe(false);
    expect(awsLambdaShim.streamifyResponse(handler)).toBe(handler);
    expect(isStreamingHandler(handler)).toBe(true);
  });

  it('keeps the high-water mark where the runtime looks for it', () => {
    const handler = awsLambdaShim.streamifyResponse(async () => undefined, { highWaterMark: 4096 });
    expect(Reflect.get(handler, Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark'))).toBe(4096);
  });
});

describe('HttpResponseStream.from', () => {
  it('sets the content type and writes nothing by itself', () => {
    const { stream, chunks } = recordingStream();
    expect(awsLambdaShim.HttpResponseStream.from(stream, { statusCode: 200 })).toBe(stream);
    expect(stream.contentType).toBe(integrationResponseType);
    expect(chunks).toHaveLength(0);
  });

  it('writes the metadata and eight NUL bytes before the first chunk, once', () => {
    const { stream, text } = recordingStream();
    awsLambdaShim.HttpResponseStream.from(stream, { statusCode: 201 });
    stream.write('a');
    stream.write('b');
    expect(text()).toBe(`{"statusCode":201}${'\0'.repeat(8)}ab`);
  });

  it('sends the metadata at once on an empty first write', () => {
    const { stream, text } = recordingStream();
    awsLambdaShim.HttpResponseStream.from(stream, { statusCode: 204 });
    stream.write('');
    expect(text()).toBe(`{"statusCode":204}${'\0'.repeat(8)}`);
  });

  it('is too late after the first write', () => {
    const { stream } = recordingStream();
    stream.write('a');
    expect(() => awsLambdaShim.HttpResponseStream.from(stream, {})).toThrow('Cannot set content-type, too late.');
  });
});

describe('the response stream', () => {
  it('writes objects as JSON and bytes as they are', () => {
    const { stream, text } = recordingStream();
    stream.write({ a: 1 });
    stream.write(Uint8Array.of(65));
    expect(text()).toBe('{"a":1}A');
  });
});
