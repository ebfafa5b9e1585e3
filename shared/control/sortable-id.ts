const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const timeLength = 9;
const randomLength = 7;

/**
 * An id that sorts by time: `prefix`, 9 characters of milliseconds since the epoch (which last until the
 * year 3084) and 7 random ones, in Crockford's base32 in lower case, which has no letters that are easily
 * taken for others. Short, because it stands in every ledger item, log line and table: two ids made in
 * the same millisecond are alike once in 34 billion times, so a record is written only where none is.
 */
export function sortableId(prefix: string, nowMs: number, randomBytes: (size: number) => Uint8Array): string {
  let time = '';
  for (let rest = nowMs; time.length < timeLength; rest = Math.floor(rest / 32)) time = `${alphabet[rest % 32]}${time}`;
  let random = '';
  for (const byte of randomBytes(randomLength)) random += alphabet[byte % 32];
  return `${prefix}${time}${random}`;
}

/** When an id that `sortableId` made was made, in milliseconds since the epoch; undefined for any other text. */
export function timeOfSortableId(prefix: string, id: string): number | undefined {
  const body = id.slice(prefix.length);
  if (!id.startsWith(prefix) || body.length !== timeLength + randomLength) return undefined;
  let time = 0;
  for (const [index, character] of [...body].entries()) {
    const digit = alphabet.indexOf(character);
    if (digit < 0) return undefined;
    if (index < timeLength) time = time * 32 + digit;
  }
  return time;
}

/** The smallest id made at `timeMs` or later: for ranges of ids. */
export function firstSortableId(prefix: string, timeMs: number): string {
  return sortableId(prefix, timeMs, (size) => new Uint8Array(size));
}
