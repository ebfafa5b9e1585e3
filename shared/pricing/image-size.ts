/** Pixels of an image. */
export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/** How many bytes of an image are enough for {@link imageSizeOf}; a JPEG with a long preamble may need more than this. */
export const IMAGE_HEAD_BYTES = 65_536;

/**
 * The size that a PNG, JPEG, GIF or WebP states in its first bytes; undefined when it cannot be
 * told from them. A provider decodes the same header, so a caller gains nothing by a false one.
 */
export function imageSizeOf(head: Uint8Array): ImageSize | undefined {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const size = pngSize(view) ?? gifSize(view) ?? webpSize(view) ?? jpegSize(view);
  return size === undefined || size.width === 0 || size.height === 0 ? undefined : size;
}

/** The same, of base64 text (without the `data:` prefix); only its beginning is decoded. */
export function imageSizeOfBase64(base64: string): ImageSize | undefined {
  return imageSizeOf(Buffer.from(base64.slice(0, Math.ceil(IMAGE_HEAD_BYTES / 3) * 4), 'base64'));
}

function hasText(view: DataView, offset: number, text: string): boolean {
  if (view.byteLength < offset + text.length) return false;
  return [...text].every((character, index) => view.getUint8(offset + index) === character.charCodeAt(0));
}

/** https://www.w3.org/TR/png-3/#11IHDR */
function pngSize(view: DataView): ImageSize | undefined {
  if (view.byteLength < 24 || !hasText(view, 1, 'PNG') || !hasText(view, 12, 'IHDR')) return undefined;
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

/** https://www.w3.org/Graphics/GIF/spec-gif89a.txt, section 18 */
function gifSize(view: DataView): ImageSize | undefined {
  if (view.byteLength < 10 || !hasText(view, 0, 'GIF8')) return undefined;
  return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
}

/** https://developers.google.com/speed/webp/docs/riff_container */
function webpSize(view: DataView): ImageSize | undefined {
  if (view.byteLength < 30 || !hasText(view, 0, 'RIFF') || !hasText(view, 8, 'WEBP')) return undefined;
  if (hasText(view, 12, 'VP8X')) {
    const uint24 = (offset: number) => view.getUint16(offset, true) + view.getUint8(offset + 2) * 65_536;
    return { width: uint24(24) + 1, height: uint24(27) + 1 };
  }
  if (hasText(view, 12, 'VP8L')) {
    const bits = view.getUint32(21, true);
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
  }
  if (!hasText(view, 12, 'VP8 ')) return undefined;
  return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
}

/** Walks the segments to the frame header. https://www.w3.org/Graphics/JPEG/itu-t81.pdf, B.2.2 */
function jpegSize(view: DataView): ImageSize | undefined {
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return undefined;
  let offset = 2;
  while (offset + 9 <= view.byteLength) {
    if (view.getUint8(offset) !== 0xff) return undefined;
    const marker = view.getUint8(offset + 1);
    if (marker === 0xff) {
      offset += 1;
      continue;
    }
    const isFrameHeader = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrameHeader) return { width: view.getUint16(offset + 7), height: view.getUint16(offset + 5) };
    offset += 2 + view.getUint16(offset + 2);
  }
  return undefined;
}
