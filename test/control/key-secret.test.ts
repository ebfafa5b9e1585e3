import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { hashKey, makeKey } from '../../shared/control/key-secret.ts';

it('makes a key of 256 random bits in base64url after sk-', () => {
  const bytes = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
  const { key } = makeKey((size) => {
    expect(size).toBe(32);
    return bytes;
  });
  expect(key).toMatch(/^sk-[A-Za-z0-9_-]{43}$/);
  expect(Buffer.from(key.slice(3), 'base64url')).toEqual(bytes);
});

it('knows a key by its SHA-256 in hex and its first eleven characters', () => {
  const made = makeKey(randomBytes);
  expect(made.hash).toBe(hashKey(made.key));
  expect(made.hash).toMatch(/^[0-9a-f]{64}$/);
  expect(made.prefix).toBe(made.key.slice(0, 11));
  // The SHA-256 of "abc": FIPS 180-2, appendix B.1.
  expect(hashKey('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

it('hashes whatever a caller sends, lone surrogates and NUL included', () => {
  expect(hashKey('\u0000')).not.toBe(hashKey(''));
  expect(hashKey('sk-\ud800')).toMatch(/^[0-9a-f]{64}$/);
});
