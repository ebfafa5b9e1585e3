const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const timeLength = 10;
const randomLength = 16;

/**
 * An id that sorts by time: `prefix`, 10 characters of milliseconds, 16 random ones (80 bits), all in
 * Crockford's base32 in lower case, which has no letters that are easily taken for others
 * (https://github.com/ulid/spec, without its monotonic counter).
 */
export function sortableId(prefix: string, nowMs: number, randomBytes: (size: number) => Uint8Array): string {
  let time = '';
  for (let rest = nowMs; time.length < timeLength; rest = Math.floor(rest / 32)) time = `${alphabet[rest % 32]}${time}`;
  let random = '';
  for (const byte of randomBytes(randomLength)) random += alphabet[byte % 32];
  return `${prefix}${time}${random}`;
}
