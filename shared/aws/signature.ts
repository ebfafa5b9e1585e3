import { createHmac, hash } from 'node:crypto';
import type { AwsCredentials } from './credentials.ts';

/** A request to one service in one region, before it is signed. */
export interface UnsignedRequest {
  readonly url: URL;
  readonly method: string;
  readonly body: string | Uint8Array;
  /** To be signed too, and sent: those that begin with `x-amz-` have to be. Lower-case names. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly region: string;
  readonly service: string;
  readonly atMs: number;
}

/**
 * The headers that make a request authentic by AWS Signature Version 4
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html). The host, the date and the session
 * are signed beside the body and the `headers`, so that others may be added later.
 */
export function awsSignature(request: UnsignedRequest, credentials: AwsCredentials): Record<string, string> {
  const { url } = request;
  // Every segment is encoded once more than it stands in the URL.
  const path = url.pathname.split('/').map(encoded).join('/');
  return signedHeaders({ ...request, path, bodyHash: hash('sha256', request.body) }, { ...request.headers }, credentials);
}

/**
 * The same as S3 wants it: the hash of the body among the signed headers, and the path as it stands in the URL
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html).
 */
export function s3Signature(request: Omit<UnsignedRequest, 'service'>, credentials: AwsCredentials): Record<string, string> {
  const bodyHash = hash('sha256', request.body);
  const signable = { ...request, service: 's3', path: request.url.pathname, bodyHash };
  return signedHeaders(signable, { ...request.headers, 'x-amz-content-sha256': bodyHash }, credentials);
}

/** A request to S3 that somebody without credentials is going to make. */
export interface PresignedRequest {
  readonly url: URL;
  readonly method: 'PUT' | 'GET';
  /** Lower-case names. S3 refuses the request unless it comes with exactly these. */
  readonly headers: Readonly<Record<string, string>>;
  readonly region: string;
  readonly atMs: number;
  readonly validSeconds: number;
}

/**
 * The URL that makes a request to S3 authentic by itself, whatever its body
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html). It ends with the session of the credentials,
 * where that is sooner.
 */
export function presignedS3Url(request: PresignedRequest, credentials: AwsCredentials): URL {
  const { region, validSeconds } = request;
  const url = new URL(request.url);
  const amzDate = amzDateOf(request.atMs);
  const scope = scopeOf(amzDate, region, 's3');
  const headers = { ...request.headers, host: url.host };
  const query: Record<string, string> = {
    'X-Amz-Algorithm': algorithm,
    'X-Amz-Credential': `${credentials.accessKeyId}/${scope}`,
    'X-Amz-Date': amzDate,
    'X-Amz-Expires': String(validSeconds),
    ...(credentials.sessionToken && { 'X-Amz-Security-Token': credentials.sessionToken }),
    'X-Amz-SignedHeaders': namesOf(headers),
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const signable = { method: request.method, url, path: url.pathname, bodyHash: 'UNSIGNED-PAYLOAD' };
  url.searchParams.set('X-Amz-Signature', signatureOf(signable, headers, { amzDate, scope }, credentials.secretAccessKey));
  return url;
}

const algorithm = 'AWS4-HMAC-SHA256';

interface Signable {
  readonly method: string;
  readonly url: URL;
  /** The path as the service wants it encoded. */
  readonly path: string;
  readonly bodyHash: string;
}

function signedHeaders(
  request: Signable & Pick<UnsignedRequest, 'region' | 'service' | 'atMs'>,
  more: Readonly<Record<string, string>>,
  credentials: AwsCredentials,
): Record<string, string> {
  const amzDate = amzDateOf(request.atMs);
  const scope = scopeOf(amzDate, request.region, request.service);
  const headers: Record<string, string> = {
    host: request.url.host,
    ...more,
    'x-amz-date': amzDate,
    ...(credentials.sessionToken && { 'x-amz-security-token': credentials.sessionToken }),
  };
  const signature = signatureOf(request, headers, { amzDate, scope }, credentials.secretAccessKey);
  return {
    ...headers,
    authorization: `${algorithm} Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${namesOf(headers)}, Signature=${signature}`,
  };
}

function signatureOf(
  { method, url, path, bodyHash }: Signable,
  headers: Readonly<Record<string, string>>,
  { amzDate, scope }: { readonly amzDate: string; readonly scope: string },
  secret: string,
): string {
  const lines = sorted(headers).map(([name, value]) => `${name}:${value}\n`);
  const canonical = [method, path, canonicalQuery(url), lines.join(''), namesOf(headers), bodyHash].join('\n');
  const toSign = `${algorithm}\n${amzDate}\n${scope}\n${hash('sha256', canonical)}`;
  let key: string | Buffer = `AWS4${secret}`;
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest();
  return createHmac('sha256', key).update(toSign).digest('hex');
}

function amzDateOf(atMs: number): string {
  return new Date(atMs).toISOString().replace(/[:-]|\.\d{3}/g, '');
}

function scopeOf(amzDate: string, region: string, service: string): string {
  return `${amzDate.slice(0, 8)}/${region}/${service}/aws4_request`;
}

function sorted(headers: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(headers).sort(([one], [other]) => (one < other ? -1 : 1));
}

function namesOf(headers: Readonly<Record<string, string>>): string {
  return sorted(headers)
    .map(([name]) => name)
    .join(';');
}

function canonicalQuery(url: URL): string {
  const pairs = [...url.searchParams].map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
  return pairs.sort().join('&');
}

function encoded(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
}
