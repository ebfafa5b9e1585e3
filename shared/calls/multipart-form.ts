import { Buffer } from 'node:buffer';

/** One part of a form, with the very bytes it came in. */
export interface FormPart {
  readonly name: string;
  /** Set for a file. */
  readonly filename: string | undefined;
  readonly mediaType: string | undefined;
  /** The header lines as they came, without the blank line after them. */
  readonly head: string;
  readonly value: Buffer;
}

/** A `multipart/form-data` body (RFC 7578), its parts in order. */
export interface MultipartForm {
  readonly boundary: string;
  readonly parts: readonly FormPart[];
}

const CRLF = '\r\n';

/** More parts than any API takes; what has more is nobody's request. */
const mostParts = 1_000;

/** The boundary that a content type names, or undefined where it is no form. */
export function formBoundary(contentType: string | undefined): string | undefined {
  if (contentType === undefined || !/^multipart\/form-data\b/i.test(contentType.trim())) return undefined;
  const found = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;,]{1,200}))/i.exec(contentType);
  return found?.[1] ?? found?.[2];
}

/** Takes a form apart; undefined for what is not a whole and well-formed one. Values share the body's memory. */
export function parseForm(body: Buffer, boundary: string): MultipartForm | undefined {
  const parts: FormPart[] = [];
  const first = Buffer.from(`--${boundary}`);
  const delimiter = Buffer.from(`${CRLF}--${boundary}`);
  const start = body.indexOf(first);
  // What stands before the first boundary is a preamble, which is ignored (RFC 2046 section 5.1.1).
  if (start === -1 || (start > 0 && body.toString('latin1', start - 2, start) !== CRLF)) return undefined;
  let at = start + first.length;
  while (parts.length < mostParts) {
    const line = body.indexOf(CRLF, at);
    const tail = body.toString('latin1', at, line === -1 ? body.length : line);
    if (tail.startsWith('--')) return { boundary, parts };
    // Blanks may pad a boundary line; anything else means that the boundary was only its beginning.
    if (line === -1 || tail.trim() !== '') return undefined;
    const next = body.indexOf(delimiter, line);
    const part = next === -1 ? undefined : parsePart(body.subarray(line + 2, Math.max(line + 2, next)));
    if (part === undefined) return undefined;
    parts.push(part);
    at = next + delimiter.length;
  }
  return undefined;
}

function parsePart(bytes: Buffer): FormPart | undefined {
  const end = bytes.indexOf(`${CRLF}${CRLF}`);
  if (end === -1) return undefined;
  const head = bytes.toString('utf8', 0, end);
  const disposition = headerIn(head, 'content-disposition');
  const name = disposition === undefined ? undefined : parameterIn(disposition, 'name');
  if (disposition === undefined || name === undefined || !/^\s*form-data\b/i.test(disposition)) return undefined;
  return {
    name,
    filename: parameterIn(disposition, 'filename'),
    mediaType: headerIn(head, 'content-type')?.trim(),
    head,
    value: bytes.subarray(end + 4),
  };
}

function headerIn(head: string, name: string): string | undefined {
  const line = head.split(CRLF).find((candidate) => candidate.toLowerCase().startsWith(`${name}:`));
  return line?.slice(name.length + 1);
}

/** A parameter of a header. Browsers and clients write quotes inside a value as `%22` or `\"`. */
function parameterIn(header: string, name: string): string | undefined {
  const found = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;]+))`, 'i').exec(header);
  return found?.[1]?.replaceAll('\\"', '"').replaceAll('%22', '"') ?? found?.[2];
}

/** Puts a form together again, each part with its own header lines. */
export function renderForm(form: MultipartForm): Buffer {
  const chunks = form.parts.flatMap(({ head, value }) => [
    Buffer.from(`--${form.boundary}${CRLF}${head}${CRLF}${CRLF}`),
    value,
    Buffer.from(CRLF),
  ]);
  return Buffer.concat([...chunks, Buffer.from(`--${form.boundary}--${CRLF}`)]);
}

/** A form with text fields replaced, or added where it has none of that name. */
export function withFields(form: MultipartForm, fields: Readonly<Record<string, string>>): MultipartForm {
  const kept = form.parts.map((part) => {
    const text = Object.hasOwn(fields, part.name) ? fields[part.name] : undefined;
    return text === undefined ? part : { ...part, value: Buffer.from(text) };
  });
  const added = Object.entries(fields).filter(([name]) => form.parts.every((part) => part.name !== name));
  return { boundary: form.boundary, parts: [...kept, ...added.map(([name, text]) => textPart(name, text))] };
}

function textPart(name: string, text: string): FormPart {
  return {
    name,
    filename: undefined,
    mediaType: undefined,
    head: `Content-Disposition: form-data; name="${name}"`,
    value: Buffer.from(text),
  };
}
