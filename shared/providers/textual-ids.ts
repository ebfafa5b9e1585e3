import { Buffer } from 'node:buffer';

/** The bare number of an `id`. Inside a JSON text its quotes would be escaped, so that no text is taken for one. */
const numericId = /("id"\s*:\s*)(-?\d+)(?=\s*[,}])/g;

/**
 * An answer in which ids that are numbers become texts: some who follow OpenAI count their answers, and its format has
 * only texts there. Whether it does is seen in the first line that names an id; where not, every piece passes as it came.
 */
export function withTextualIds(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  let hasTexts = false;
  // One character for a byte: what is looked for is ASCII, and every other byte stays as it is.
  let rest = '';
  const corrected = (bytes: string): Uint8Array => Buffer.from(bytes.replace(numericId, '$1"$2"'), 'latin1');
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform: (piece, controller) => {
        if (hasTexts) {
          controller.enqueue(piece);
          return;
        }
        rest += Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString('latin1');
        // A number may go on in the next piece, and ends with its line at the latest.
        const end = rest.lastIndexOf('\n') + 1;
        if (end === 0) return;
        const lines = rest.slice(0, end);
        hasTexts = /"id"\s*:\s*"/.test(lines) && !new RegExp(numericId).test(lines);
        controller.enqueue(corrected(hasTexts ? rest : lines));
        rest = hasTexts ? '' : rest.slice(end);
      },
      flush: (controller) => {
        if (rest !== '') controller.enqueue(corrected(rest));
      },
    }),
  );
}
