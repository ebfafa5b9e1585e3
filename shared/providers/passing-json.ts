import type { Buffer } from 'node:buffer';
import { pipeline, type Readable, Transform } from 'node:stream';
import type { JsonObject } from '../calls/json.ts';
import { JsonOutline } from '../streaming/json-outline.ts';
import type { UpstreamResponse } from './http-client.ts';

/** JSON that is handed on while it comes. */
export interface PassingJson {
  readonly source: Readable;
  /** What it said, long strings emptied, once it is over; undefined where it was not one whole JSON object. */
  readonly outline: () => JsonObject | undefined;
}

/** Hands on an answer of which the beginning has been read, and keeps its outline. A caller who leaves takes the connection along. */
export function passJson(response: UpstreamResponse, beginning: Buffer): PassingJson {
  const outline = new JsonOutline();
  const source = new Transform({
    transform(piece: Buffer, _encoding, handOn) {
      outline.take(piece);
      handOn(null, piece);
    },
  });
  source.write(beginning);
  // What breaks is told by the source itself, which whoever reads it listens to.
  pipeline(response.body, source, (error) => {
    if (error) response.abort();
  });
  return { source, outline: () => outline.json() };
}
