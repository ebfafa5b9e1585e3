import { AwsV4Signer } from 'aws4fetch';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { S3Uploads } from '../../shared/store/upload-bucket.ts';
import { newUploadId } from '../../shared/uploads/upload-id.ts';
import { startUpstream, type TestUpstream, type UpstreamBehaviour } from '../support/upstream.ts';

const credentials = { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'session' };
const upload = { id: newUploadId(Date.now()), keyId: 'key_1' };
const limits = { maxBytes: 1_000, signal: new AbortController().signal };

let s3: TestUpstream;
let uploads: S3Uploads;

beforeAll(async () => {
  s3 = await startUpstream();
  const endpoint = s3.url.replace('/v1', '/');
  uploads = new S3Uploads({ bucket: 'bucket', region: 'eu-west-1', credentials, endpoint, timeoutMs: 200 });
});
afterAll(() => s3.close());
beforeEach(() => {
  s3.received.length = 0;
});

const answers =
  (status: number, body: string | Buffer, headers: Record<string, string> = {}): UpstreamBehaviour =>
  (_request, response) => {
    response.writeHead(status, headers);
    response.end(body);
  };

const failure = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>secret detail</Message></Error>`;

describe('an upload in S3', () => {
  it('is read as it was put, by a signed request under the id of its key', async () => {
    s3.behave(answers(200, Buffer.from([0, 255, 10]), { 'content-type': 'audio/wav' }));
    expect(await uploads.read(upload, limits)).toEqual({ body: Buffer.from([0, 255, 10]), contentType: 'audio/wav' });
    const [asked] = s3.received;
    expect(asked).toMatchObject({ method: 'GET', path: `/bucket/uploads/key_1/${upload.id}` });
    expect(asked?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-west-1\/s3\/aws4_request, SignedHeaders=/);
    expect(asked?.headers['x-amz-security-token']).toBe('session');
  });

  it.each([
    [404, 'NoSuchKey'],
    [403, 'AccessDenied'],
  ])('is nothing where S3 says %i %s', async (status, code) => {
    s3.behave(answers(status, failure(code)));
    expect(await uploads.read(upload, limits)).toBeUndefined();
    expect(s3.received).toHaveLength(1);
  });

  it.each<[string, UpstreamBehaviour]>([
    ['is too busy', answers(503, failure('SlowDown'))],
    ['does not know the credentials any more', answers(403, failure('ExpiredToken'))],
    ['does not answer', () => {}],
    ['stops in the middle', (_request, response) => void response.writeHead(200, { 'content-length': '10' }).write('abc')],
    [
      'breaks off',
      (_request, response) => {
        response.writeHead(200, { 'content-length': '10' }).write('abc');
        setTimeout(() => response.destroy(), 10);
      },
    ],
  ])('is asked for twice, and then a failure to try again, where S3 %s', async (_what, behaviour) => {
    s3.behave(behaviour);
    const begun = performance.now();
    const error = await uploads.read(upload, limits).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'store_unavailable', status: 503, retryAfterMs: 1_000, retryable: true });
    expect(String(error)).not.toContain('secret detail');
    expect(s3.received).toHaveLength(2);
    expect(performance.now() - begun).toBeLessThan(3_000);
  });

  it('survives one failure', async () => {
    s3.behave((request, response) => {
      if (s3.received.length === 1) return answers(500, failure('InternalError'))(request, response);
      return answers(200, '{}')(request, response);
    });
    expect((await uploads.read(upload, limits))?.body.toString()).toBe('{}');
  });

  it.each([
    ['says so', { 'content-length': '1001' }],
    ['does not say so', { 'transfer-encoding': 'chunked' }],
  ])('that is too large is refused, also where S3 %s', async (_how, headers) => {
    s3.behave(answers(200, Buffer.alloc(1_001), headers));
    await expect(uploads.read(upload, limits)).rejects.toMatchObject({ code: 'request_too_large', details: { max_bytes: 1_000 } });
    expect(s3.received).toHaveLength(1);
  });

  it('is not waited for when the caller has left', async () => {
    s3.behave(() => {});
    await expect(uploads.read(upload, { ...limits, signal: AbortSignal.timeout(20) })).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(s3.received.length).toBeLessThan(2);
  });

  it('cannot have a name that leads elsewhere', async () => {
    await expect(uploads.read({ id: '../../payloads/req_1.json', keyId: 'key_1' }, limits)).rejects.toThrow(RangeError);
    expect(s3.received).toEqual([]);
  });
});

describe('the URL of an upload', () => {
  const planned = {
    ...upload,
    contentType: 'application/json',
    atMs: Date.UTC(2026, 10, 20),
    validSeconds: 900,
    origin: 'https://gateway',
  };

  it('is signed over content type and length, and ends', async () => {
    const aws = new S3Uploads({ bucket: 'bucket', region: 'eu-west-1', credentials });
    const { url, headers } = aws.prepare({ ...planned, bytes: 7_340_032 });
    expect(headers).toEqual({ 'content-type': 'application/json', 'content-length': '7340032' });
    const { origin, pathname, searchParams } = new URL(url);
    expect(origin + pathname).toBe(`https://bucket.s3.eu-west-1.amazonaws.com/uploads/key_1/${upload.id}`);
    expect(searchParams.get('X-Amz-Expires')).toBe('900');
    const signer = new AwsV4Signer({
      method: 'PUT',
      url: `${origin}${pathname}?X-Amz-Expires=900`,
      headers,
      ...credentials,
      region: 'eu-west-1',
      service: 's3',
      signQuery: true,
      allHeaders: true,
      datetime: '20261120T000000Z',
    });
    expect(searchParams.get('X-Amz-Signature')).toBe((await signer.sign()).url.searchParams.get('X-Amz-Signature'));
  });

  it('leaves the length open where it was not said', () => {
    const { url, headers } = uploads.prepare(planned);
    expect(headers).toEqual({ 'content-type': 'application/json' });
    expect(new URL(url).searchParams.get('X-Amz-SignedHeaders')).toBe('content-type;host');
  });
});
