import { createHash } from 'node:crypto';

/** A freshly made key: the secret itself, shown once, and the two forms of it that are stored. */
export interface KeySecret {
  /** `sk-` and 256 random bits in base64url: 46 characters. Never stored, never logged. */
  readonly key: string;
  /** SHA-256 of `key` in hex: what the store knows it by. */
  readonly hash: string;
  /** The first characters of `key`, enough to recognise it in a list; more than 200 bits stay unknown. */
  readonly prefix: string;
}

const secretBytes = 32;
const prefixLength = 'sk-'.length + 8;

/**
 * Makes a key. `randomBytes` must be cryptographically strong (`node:crypto`'s own): with 256 random
 * bits a plain SHA-256 is all the hashing a key needs, as nothing about it can be guessed.
 */
export function makeKey(randomBytes: (size: number) => Uint8Array): KeySecret {
  const key = `sk-${Buffer.from(randomBytes(secretBytes)).toString('base64url')}`;
  return { key, hash: hashKey(key), prefix: key.slice(0, prefixLength) };
}

/** The SHA-256 of a key in hex, over its UTF-8 bytes. Any string has one, a wrong key too. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key, 'utf8').digest('hex');
}
