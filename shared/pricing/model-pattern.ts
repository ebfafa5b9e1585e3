/** Whether a pattern stands for many names. */
export function isGlob(pattern: string): boolean {
  return pattern.includes('*');
}

/** Whether a name matches a pattern in which `*` stands for any text, even none; case does not count. */
export function matchesPattern(pattern: string, name: string): boolean {
  return patternMatcher(pattern)(name.toLowerCase());
}

/** The same, made once for many names, which must be lower case. */
export function patternMatcher(pattern: string): (name: string) => boolean {
  const parts = pattern.toLowerCase().split('*');
  const first = parts[0] ?? '';
  if (parts.length === 1) return (name) => name === first;
  const last = parts.at(-1) ?? '';
  const between = parts.slice(1, -1);
  return (name) => {
    if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false;
    let from = first.length;
    for (const part of between) {
      const found = name.indexOf(part, from);
      if (found < 0) return false;
      from = found + part.length;
    }
    return from <= name.length - last.length;
  };
}

/** Orders patterns from the most to the least specific: exact before glob, more literal characters before fewer. */
export function bySpecificity(a: string, b: string): number {
  const literal = (pattern: string) => pattern.replaceAll('*', '').length;
  return Number(isGlob(a)) - Number(isGlob(b)) || literal(b) - literal(a);
}
