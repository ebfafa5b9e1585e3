import { GatewayError } from '../errors/gateway-error.ts';

/**
 * The address of a path under a provider's base URL. The path is taken apart and put together again, so that no spelling
 * of `..`, of a second slash or of a host leads out of the base URL.
 * @param path percent-encoded or not, without the leading slash.
 * @throws GatewayError `invalid_request` for a path that is not plain.
 */
export function passThroughUrl(baseUrl: string, path: string, query: readonly (readonly [name: string, value: string])[]): URL {
  const segments = path.split('/').map(plainSegment);
  const base = baseUrl.replace(/\/+$/, '');
  const under = isVersion(segments[0]) && versionOf(base) !== undefined ? base.slice(0, base.lastIndexOf('/')) : base;
  const url = new URL(`${under}/${segments.join('/')}`);
  for (const [name, value] of query) url.searchParams.append(name, value);
  return url;
}

/**
 * A path without the version that a vendor's own client puts before it, where the base URL ends in the same one: prices
 * and keys know the path by one name. Another version than the base URL's is left, and takes its place in the address.
 */
export function withoutVersion(baseUrl: string, path: string): string {
  const version = versionOf(baseUrl.replace(/\/+$/, ''));
  const [first = '', ...rest] = path.split('/');
  if (version === undefined || rest.length === 0 || decodedOnce(first) !== version) return path;
  return withoutVersion(baseUrl, rest.join('/'));
}

function versionOf(base: string): string | undefined {
  const last = base.slice(base.lastIndexOf('/') + 1);
  return isVersion(last) ? last : undefined;
}

function isVersion(segment: string | undefined): boolean {
  return segment !== undefined && /^v\d+((alpha|beta)\d*)?$/.test(segment);
}

/** Characters that may stand in a segment as they are beside those `encodeURIComponent` leaves alone (RFC 3986 section 3.3). */
const allowed = /%(?:3A|40|24|26|2B|2C|3B|3D)/g;

function plainSegment(raw: string): string {
  const text = decodedOnce(raw);
  // What a provider would make of it, however often it decodes.
  let last = text;
  for (let round = 0; round < 4; round += 1) {
    if (!isPlain(last)) throw notPlain();
    const next = decodedOnce(last);
    if (next === last) return encodeURIComponent(text).replace(allowed, (code) => decodeURIComponent(code));
    last = next;
  }
  throw notPlain();
}

function decodedOnce(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that begins no code stands for itself.
    return text;
  }
}

function isPlain(segment: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return segment !== '' && segment !== '.' && segment !== '..' && !/[/\\\u0000-\u001f\u007f]/.test(segment);
}

function notPlain(): GatewayError {
  return new GatewayError(
    'invalid_request',
    "The path after the provider must be plain segments: none empty, none '.' or '..', none with an encoded slash or control character.",
    { param: 'path' },
  );
}
