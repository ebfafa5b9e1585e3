import type { UpstreamResponse } from './http-client.ts';

/**
 * What to say of an answer that is no success. Redirects are not followed, for they could lead anywhere with the key;
 * one tells that the base URL is not where the API is, so it says where it points, without a query that may be a secret.
 */
export function statusWords(host: string, { status, headers }: Pick<UpstreamResponse, 'status' | 'headers'>): string {
  if (status < 300 || status > 399) return `${host} answered ${status}`;
  const place = headers.location?.split(/[?#]/)[0]?.slice(0, 200);
  return `${host} answered ${status}, a redirect${place ? ` to ${place}` : ''}, which is not followed: its base_url has to be where the API itself is`;
}
