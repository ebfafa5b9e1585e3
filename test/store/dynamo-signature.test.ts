import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dynamoContentType, RequestSigner } from '../../shared/store/dynamo-signature.ts';

/** What the SDK's signer wants of a hash: HMAC when it is given a key. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Buffer {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}

describe('the request signer', () => {
  it('signs as the AWS SDK does, with and without a session token', async () => {
    const word = fc.stringMatching(/^[A-Za-z0-9/+=]{8,40}$/);
    await fc.assert(
      fc.asyncProperty(
        word,
        word,
        fc.option(word, { nil: undefined }),
        fc.constantFrom('us-east-1', 'eu-central-2'),
        fc.string({ unit: 'grapheme', maxLength: 200 }),
        fc.integer({ min: 0, max: Date.UTC(2100, 0) }),
        async (accessKeyId, secretAccessKey, sessionToken, region, body, atMs) => {
          const credentials = { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
          const host = `dynamodb.${region}.amazonaws.com`;
          const target = 'DynamoDB_20120810.UpdateItem';
          const signer = new SignatureV4({ credentials, region, service: 'dynamodb', sha256: Sha256, applyChecksum: false });
          const theirs = await signer.sign(
            {
              method: 'POST',
              protocol: 'https:',
              hostname: host,
              path: '/',
              headers: { host, 'content-type': dynamoContentType, 'x-amz-target': target },
              body,
            },
            { signingDate: new Date(atMs) },
          );
          const ours = new RequestSigner(region, 'dynamodb').headersFor({ host, target, body, atMs }, credentials);
          expect(ours).toEqual(theirs.headers);
        },
      ),
    );
  });

  it('takes up new credentials and a new day at once', () => {
    const signer = new RequestSigner('us-east-1', 'dynamodb');
    const request = { host: 'localhost', target: 't', body: '{}', atMs: Date.UTC(2026, 0, 1) };
    const first = { accessKeyId: 'A', secretAccessKey: 's1' };
    const second = { accessKeyId: 'A', secretAccessKey: 's2' };
    const fresh = (credentials: typeof first, atMs: number) =>
      new RequestSigner('us-east-1', 'dynamodb').headersFor({ ...request, atMs }, credentials);
    for (const [credentials, atMs] of [
      [first, request.atMs],
      [second, request.atMs],
      [second, request.atMs + 86_400_000],
    ] as const) {
      expect(signer.headersFor({ ...request, atMs }, credentials)).toEqual(fresh(credentials, atMs));
    }
  });
});
