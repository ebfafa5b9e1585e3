/** Whether a pattern stands for many names. */
export function isGlob(pattern: string): boolean {
  return pattern.includes('*');
}

/** Whether a name matches a pattern in which `*` stands for any text, even none; case does not count. */
export function matchesPattern(pattern: string, name: string): boolean {
  const parts = pattern.toLowerCase().split('*');
  const text = name.toLowerCase();
  const first = parts[0] ?? '';
  if (parts.length === 1) return text === first;
  const last = parts.at(-1) ?? '';
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let from = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return from <= text.length - last.length;
}

/** Orders patterns from the most to the least specific: exact before glob, more literal characters before fewer. */
export function bySpecificity(a: string, b: string): number {
  const literal = (pattern: string) => pattern.replaceAll('*', '').length;
  return Number(isGlob(a)) - Number(isGlob(b)) || literal(b) - literal(a);
}
