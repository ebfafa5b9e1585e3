import fc from 'fast-check';
import { expect, it } from 'vitest';
import { imageSizeOf, imageSizeOfBase64 } from '../../shared/pricing/image-size.ts';

function uint16(value: number): number[] {
  return [value >> 8, value & 255];
}

const jpegHead = (width: number, height: number, preamble: number[] = []) => [
  ...[0xff, 0xd8],
  ...preamble,
  ...[0xff, 0xc2, ...uint16(17), 8, ...uint16(height), ...uint16(width), 3],
];

it.each([
  ['PNG', 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', { width: 1, height: 1 }],
  ['GIF', 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', { width: 1, height: 1 }],
  ['lossy WebP', 'UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA', { width: 1, height: 1 }],
  ['lossless WebP', 'UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==', { width: 1, height: 1 }],
])('reads the size of a real %s', (_format, base64, size) => {
  expect(imageSizeOfBase64(base64)).toEqual(size);
});

it('reads the canvas of an extended WebP', () => {
  const head = [...Buffer.from('RIFF\0\0\0\0WEBPVP8X\n\0\0\0\0\0\0\0', 'latin1'), ...[0x7f, 0x07, 0x01], ...[0x37, 0x04, 0x00]];
  expect(imageSizeOf(Uint8Array.from(head))).toEqual({ width: 0x0107_80, height: 0x0438 });
});

it('walks past the segments of a JPEG, fill bytes and tables that look like frames', () => {
  const preamble = [0xff, 0xe1, ...uint16(6), 1, 2, 3, 4, 0xff, 0xff, 0xc4, ...uint16(4), 9, 9];
  expect(imageSizeOf(Uint8Array.from(jpegHead(1920, 1080, preamble)))).toEqual({ width: 1920, height: 1080 });
});

it.each([
  ['nothing', []],
  ['text', [...Buffer.from('not an image at all, only words')]],
  ['a cut PNG', [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]],
  ['a JPEG without a frame', [0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 1]],
  ['an image of no width', jpegHead(0, 100)],
])('does not guess at %s', (_what, bytes) => {
  expect(imageSizeOf(Uint8Array.from(bytes))).toBeUndefined();
});

it('answers for any bytes, and for any cut of an image, without failing', () => {
  const anyJpeg = fc
    .tuple(fc.uint8Array({ maxLength: 64 }), fc.nat(80))
    .map(([noise, cut]) => Uint8Array.from([0xff, 0xd8, 0xff, ...noise]).slice(0, cut));
  fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), anyJpeg), (bytes) => (imageSizeOf(bytes)?.width ?? 1) > 0));
});
