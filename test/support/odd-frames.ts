import { Buffer } from 'node:buffer';
import fc from 'fast-check';

/** How a stream of events is written by somebody who keeps to the standard and to nobody's habits. */
export interface OddFraming {
  readonly lineEnd: '\n' | '\r\n' | '\r';
  /** Whether the JSON of an event goes over several `data:` lines. */
  readonly manyLines: boolean;
  /** What stands before each event, by its number modulo the list's length. */
  readonly between: readonly ('nothing' | 'comment' | 'empty event' | 'other fields')[];
  /** Whether the space after a field's colon is left out. */
  readonly tight: boolean;
  /** Whether a byte order mark comes first. */
  readonly mark: boolean;
  /** How often the last event comes. */
  readonly ends: number;
}

export const oddFraming: fc.Arbitrary<OddFraming> = fc.record({
  lineEnd: fc.constantFrom('\n', '\r\n', '\r'),
  manyLines: fc.boolean(),
  between: fc.array(fc.constantFrom('nothing', 'comment', 'empty event', 'other fields'), { minLength: 1, maxLength: 5 }),
  tight: fc.boolean(),
  mark: fc.boolean(),
  ends: fc.integer({ min: 1, max: 3 }),
});

/** Writes events, each the text of its `data`; a JSON object with a `type` names it in the `event:` field too. */
export function oddlyFramed(data: readonly string[], framing: OddFraming, named: boolean): Buffer {
  const { lineEnd, between, ends } = framing;
  const last = data.at(-1);
  const all = last === undefined ? data : [...data, ...Array.from({ length: ends - 1 }, () => last)];
  const space = framing.tight ? '' : ' ';
  const texts = all.map((text, index) => {
    const lines = framing.manyLines && text.startsWith('{') ? JSON.stringify(JSON.parse(text), null, 1).split('\n') : [text];
    const type: unknown = named && text.startsWith('{') ? JSON.parse(text).type : undefined;
    const event = typeof type === 'string' ? `event:${space}${type}${lineEnd}` : '';
    const body = lines.map((line) => `data:${space}${line}${lineEnd}`).join('');
    return interlude(between[index % between.length] ?? 'nothing', lineEnd) + event + body + lineEnd;
  });
  return Buffer.from((framing.mark ? '\uFEFF' : '') + texts.join(''));
}

function interlude(kind: OddFraming['between'][number], lineEnd: string): string {
  switch (kind) {
    case 'nothing':
      return '';
    case 'comment':
      return `: OPENROUTER PROCESSING${lineEnd}${lineEnd}`;
    case 'empty event':
      return lineEnd;
    case 'other fields':
      return `id: 7${lineEnd}retry: 10${lineEnd}unknown: field${lineEnd}`;
  }
}
