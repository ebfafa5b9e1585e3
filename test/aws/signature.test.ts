import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { AwsV4Signer } from 'aws4fetch';
import { describe, expect, it } from 'vitest';
import { awsSignature, presignedS3Url, s3Signature } from '../../shared/aws/signature.ts';

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const atMs = Date.UTC(2026, 0, 2, 3, 4, 5);

describe('a signature', () => {
  it.each([
    ['https://bedrock-runtime.eu-west-1.amazonaws.com/model/eu.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream', undefined],
    [
      'https://bedrock-runtime.eu-west-1.amazonaws.com/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Fx/converse',
      'session-token',
    ],
    ['https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1/chat/completions?b=2&a=1%20(x)', undefined],
  ])('is the one another implementation makes for %s', async (address, sessionToken) => {
    const body = '{"messages":[{"content":"Grüße"}]}';
    const own = awsSignature(
      { url: new URL(address), method: 'POST', body, region: 'eu-west-1', service: 'bedrock', atMs },
      { ...credentials, sessionToken },
    );
    const other = await new AwsV4Signer({
      url: address,
      method: 'POST',
      body,
      region: 'eu-west-1',
      service: 'bedrock',
      datetime: '20260102T030405Z',
      ...credentials,
      ...(sessionToken !== undefined && { sessionToken }),
    }).sign();
    expect(own.authorization).toBe(other.headers.get('authorization'));
  });
});

describe('a request to S3', () => {
  it('is signed over its body, date and session', () => {
    const request = {
      method: 'PUT',
      url: new URL('https://bucket.s3.eu-west-1.amazonaws.com/payloads/req_1.json'),
      body: '{}',
      region: 'eu-west-1',
      atMs: Date.parse('2026-11-20T12:00:00Z'),
    };
    const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'session' };
    const headers = s3Signature(request, credentials);
    expect(headers).toMatchObject({
      'x-amz-date': '20261120T120000Z',
      'x-amz-content-sha256': '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
      'x-amz-security-token': 'session',
    });
    expect(headers.authorization).toContain(
      'Credential=AKID/20261120/eu-west-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token',
    );
    // What AWS's own implementation (@smithy/signature-v4 with applyChecksum) makes of the same request.
    expect(headers.authorization).toMatch(/Signature=5c55351d5c714587fd1a32aeef422edabf80a8c616cf0efa41ac7ead632f72c1$/);
    expect(s3Signature({ ...request, body: '{ }' }, credentials).authorization).not.toBe(headers.authorization);
  });
});

/** SHA-256 as AWS's own signer wants to be given it. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string | Buffer);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

describe('headers that are to be signed too', () => {
  it.each([undefined, 'session-token'])('are, as AWS’s own implementation signs them (session: %s)', async (sessionToken) => {
    const url = new URL('https://logs.eu-west-1.amazonaws.com/');
    const headers = { 'x-amz-target': 'Logs_20140328.PutLogEvents', 'content-type': 'application/x-amz-json-1.1' };
    const body = '{"logGroupName":"g","logEvents":[]}';
    const who = { ...credentials, ...(sessionToken !== undefined && { sessionToken }) };
    const own = awsSignature({ url, method: 'POST', headers, body, region: 'eu-west-1', service: 'logs', atMs }, who);
    const signer = new SignatureV4({ credentials: who, region: 'eu-west-1', service: 'logs', sha256: Sha256, applyChecksum: false });
    const request = { method: 'POST', protocol: 'https:', hostname: url.host, path: '/', query: {}, body };
    const signed = await signer.sign({ ...request, headers: { ...headers, host: url.host } }, { signingDate: new Date(atMs) });
    expect(own).toMatchObject(headers);
    expect(own.authorization).toBe(signed.headers.authorization);
  });
});

describe('a presigned URL', () => {
  it.each([undefined, 'session/token+with=signs'])('is the one AWS makes (session: %s)', async (sessionToken) => {
    const address = new URL('https://bucket.s3.eu-west-1.amazonaws.com/uploads/key_1/upload_2');
    const headers = { 'content-type': 'multipart/form-data; boundary="x y"', 'content-length': '7340032' };
    const url = presignedS3Url(
      { url: address, method: 'PUT', headers, region: 'eu-west-1', atMs, validSeconds: 900 },
      { ...credentials, sessionToken },
    );
    const signer = new SignatureV4({
      service: 's3',
      region: 'eu-west-1',
      uriEscapePath: false,
      applyChecksum: false,
      sha256: Sha256,
      credentials: { ...credentials, ...(sessionToken !== undefined && { sessionToken }) },
    });
    const { query } = await signer.presign(
      {
        method: 'PUT',
        protocol: 'https:',
        hostname: address.host,
        path: address.pathname,
        headers: { host: address.host, ...headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
        query: {},
      },
      {
        signingDate: new Date(atMs),
        expiresIn: 900,
        unhoistableHeaders: new Set(['x-amz-content-sha256']),
        unsignableHeaders: new Set(['x-amz-content-sha256']),
        signableHeaders: new Set(['content-type', 'content-length', 'host']),
      },
    );
    expect(Object.fromEntries(url.searchParams)).toEqual(query);
    expect(url.searchParams.get('X-Amz-SignedHeaders')).toBe('content-length;content-type;host');
  });
});
