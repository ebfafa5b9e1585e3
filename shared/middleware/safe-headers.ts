/**
 * Headers whose values hold nothing but visible ASCII and spaces (RFC 9110 section 5.5). Anything else is replaced, so that
 * no name of a model or of an end user can begin a header of its own.
 */
export function safeHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const safe: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    safe[name] = /^[\x20-\x7e]*$/.test(value) ? value : value.replace(/[^\x20-\x7e]/g, '?');
  return safe;
}
