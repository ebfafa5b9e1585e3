import type { ServerResponse } from 'node:http';
import { crc32 } from 'node:zlib';
import { startUpstream, type TestUpstream, type UpstreamBehaviour } from '../support/upstream.ts';
import type { Recording } from './recordings.ts';

/** How a recording is played. */
export interface PlayOptions {
  /** Cuts a stream into pieces of this size instead of its events. */
  readonly pieceBytes?: number;
  /** Ends a stream cleanly after so many events. */
  readonly events?: number;
  /** Breaks a stream off after so many events. */
  readonly breaksAfter?: number | undefined;
  /** What breaks off stays open, and nothing more comes. */
  readonly stalls?: boolean;
  /** Between two events. */
  readonly pauseMs?: number;
}

/** A provider on loopback that answers with a recording, framed as the real one frames it. */
export interface RecordedUpstream extends Omit<TestUpstream, 'behave'> {
  /** What the next requests are answered with. */
  play(recording: Recording, options?: PlayOptions): void;
  behave(behaviour: UpstreamBehaviour): void;
}

export async function startRecordedUpstream(): Promise<RecordedUpstream> {
  const upstream = await startUpstream();
  return {
    ...upstream,
    play: (recording, options = {}) => upstream.behave((_request, response) => sendRecording(recording, response, options)),
  };
}

/** Answers a request with a recording. */
export async function sendRecording(
  recording: Recording,
  response: ServerResponse,
  { pieceBytes, events, breaksAfter, stalls, pauseMs }: PlayOptions = {},
): Promise<void> {
  if (recording.body !== undefined) {
    const { error }: { error?: { code?: unknown } | null } = JSON.parse(recording.body);
    response.writeHead(error == null ? 200 : typeof error.code === 'number' ? error.code : 429, { 'content-type': 'application/json' });
    response.end(recording.body);
    return;
  }
  const frames = framesOf(recording).slice(0, events);
  const type = recording.family === 'bedrock-converse' ? 'application/vnd.amazon.eventstream' : 'text/event-stream';
  response.writeHead(200, { 'content-type': type });
  const pieces = pieceBytes === undefined ? frames : cut(Buffer.concat(frames), pieceBytes);
  for (const [index, piece] of pieces.entries()) {
    if (index === breaksAfter && stalls) return;
    if (index === breaksAfter) {
      response.destroy();
      return;
    }
    response.write(piece);
    await new Promise((resolve) => (pauseMs === undefined ? setImmediate(resolve) : setTimeout(resolve, pauseMs)));
  }
  response.end();
}

function cut(bytes: Buffer, pieceBytes: number): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / pieceBytes) }, (_, index) =>
    bytes.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  );
}

function framesOf({ family, events = [] }: Recording): Buffer[] {
  switch (family) {
    case 'anthropic-messages':
    case 'openai-responses':
      return events.map((event) => Buffer.from(`event: ${JSON.parse(event).type}\ndata: ${event}\n\n`));
    case 'google-generate-content':
      return events.map((event) => Buffer.from(`data: ${event}\r\n\r\n`));
    case 'openai-chat':
      return [...events, '[DONE]'].map((event) => Buffer.from(`data: ${event}\n\n`));
    case 'bedrock-converse':
      return events.flatMap((event) =>
        Object.entries(JSON.parse(event)).map(([type, payload]) => eventStreamMessage(type, JSON.stringify(payload))),
      );
  }
}

/** One message of `application/vnd.amazon.eventstream` (https://smithy.io/2.0/aws/amazon-eventstream.html). */
export function eventStreamMessage(type: string, payload: string): Buffer {
  const headers = Buffer.concat(
    Object.entries({ ':event-type': type, ':content-type': 'application/json', ':message-type': 'event' }).map(([name, value]) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(Buffer.byteLength(value));
      return Buffer.concat([Buffer.from([Buffer.byteLength(name)]), Buffer.from(name), Buffer.from([7]), length, Buffer.from(value)]);
    }),
  );
  const body = Buffer.from(payload);
  const message = Buffer.alloc(12 + headers.length + body.length + 4);
  message.writeUInt32BE(message.length, 0);
  message.writeUInt32BE(headers.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  headers.copy(message, 12);
  body.copy(message, 12 + headers.length);
  message.writeUInt32BE(crc32(message.subarray(0, message.length - 4)), message.length - 4);
  return message;
}
