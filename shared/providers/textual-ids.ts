import { Buffer } from 'node:buffer';

/** The bare number of an `id`. Inside a JSON text its quotes would be escaped, so that no text is taken for one. */
const numericId = /("id"\s*:\s*)(-?\d+)(?=\s*[,}])/g;
const nothing = new Uint8Array();

/**
 * An answer in which ids that are numbers become texts: some who follow OpenAI count their answers, and its format has
 * only texts there. Whether it does is seen in the first line that names an id; where not, every piece passes as it came.
 */
export class TextualIds {
  #hasTexts = false;
  // One character for a byte: what is looked for is ASCII, and every other byte stays as it is.
  #rest = '';

  /** Takes the next bytes and returns those that can go on. */
  push(piece: Uint8Array): Uint8Array {
    if (this.#hasTexts) return piece;
    const before = this.#rest;
    const bytes = before + Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength).toString('latin1');
    // A number may go on in the next piece, and ends with its line at the latest.
    const end = bytes.lastIndexOf('\n') + 1;
    const lines = bytes.slice(0, end);
    this.#hasTexts = /"id"\s*:\s*"/.test(lines) && !new RegExp(numericId).test(lines);
    this.#rest = this.#hasTexts ? '' : bytes.slice(end);
    if (this.#hasTexts) return before === '' ? piece : Buffer.from(bytes, 'latin1');
    return end === 0 ? nothing : corrected(lines);
  }

  /** What is left at the end of the answer. */
  end(): Uint8Array {
    const last = this.#rest;
    this.#rest = '';
    return last === '' ? nothing : corrected(last);
  }
}

function corrected(bytes: string): Uint8Array {
  return Buffer.from(bytes.replace(numericId, '$1"$2"'), 'latin1');
}
