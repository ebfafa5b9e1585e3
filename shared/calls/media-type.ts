/** The parts of a `data:` URL (RFC 2397) that holds base64, or undefined for any other string. */
export function parseDataUrl(url: string): { readonly mediaType: string; readonly base64: string } | undefined {
  if (!url.startsWith('data:')) return undefined;
  const comma = url.indexOf(',');
  if (comma === -1) return undefined;
  const head = url.slice(5, comma);
  if (!head.endsWith(';base64')) return undefined;
  return { mediaType: head.slice(0, -7).split(';')[0] || 'text/plain', base64: url.slice(comma + 1) };
}

/** What is known of a file given as a data URL or as base64 alone, and how many bytes of the request it takes. */
export function inlineFile(text: string): {
  readonly facts: { readonly bytes: number; readonly mediaType?: string };
  readonly inlineBytes: number;
} {
  const inline = parseDataUrl(text);
  const base64 = inline?.base64 ?? text;
  return { facts: { bytes: base64Bytes(base64), ...(inline && { mediaType: inline.mediaType }) }, inlineBytes: base64.length };
}

/** Bytes that a base64 string decodes to. */
export function base64Bytes(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return Math.max(0, Math.floor((base64.length * 3) / 4) - padding);
}
