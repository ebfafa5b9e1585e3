import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto';
import type { AwsCredentials } from '../aws/credentials.ts';

/** What is to be signed: a POST to the root path, the only request DynamoDB's API knows. */
export interface SignableRequest {
  readonly host: string;
  readonly target: string;
  readonly body: string;
  readonly atMs: number;
}

/** DynamoDB's content type; part of what is signed. */
export const dynamoContentType = 'application/x-amz-json-1.0';

/**
 * Signs requests with AWS Signature Version 4
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
 * The signing key changes once a day and is kept, so that a request costs three hashes.
 */
export class RequestSigner {
  readonly #region: string;
  readonly #service: string;
  #keyFor = '';
  #key: KeyObject | undefined;

  constructor(region: string, service: string) {
    this.#region = region;
    this.#service = service;
  }

  /** The headers that make the request authentic, `content-type` and `x-amz-target` among them. */
  headersFor(request: SignableRequest, credentials: AwsCredentials): Record<string, string> {
    const amzDate = new Date(request.atMs).toISOString().replace(/[:-]|\.\d{3}/g, '');
    const date = amzDate.slice(0, 8);
    const scope = `${date}/${this.#region}/${this.#service}/aws4_request`;
    const { sessionToken } = credentials;
    const tokenLine = sessionToken ? `x-amz-security-token:${sessionToken}\n` : '';
    const signedHeaders = sessionToken
      ? 'content-type;host;x-amz-date;x-amz-security-token;x-amz-target'
      : 'content-type;host;x-amz-date;x-amz-target';
    const canonicalRequest =
      `POST\n/\n\ncontent-type:${dynamoContentType}\nhost:${request.host}\nx-amz-date:${amzDate}\n` +
      `${tokenLine}x-amz-target:${request.target}\n\n${signedHeaders}\n${hash('sha256', request.body)}`;
    const stringToSign = `AWS4-HMAC-SHA256\n${amzDate}\n${scope}\n${hash('sha256', canonicalRequest)}`;
    const signature = createHmac('sha256', this.#signingKey(date, credentials)).update(stringToSign).digest('hex');
    return {
      'content-type': dynamoContentType,
      host: request.host,
      'x-amz-date': amzDate,
      'x-amz-target': request.target,
      ...(sessionToken && { 'x-amz-security-token': sessionToken }),
      authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
    };
  }

  #signingKey(date: string, credentials: AwsCredentials): KeyObject {
    const keyFor = `${date} ${credentials.accessKeyId} ${credentials.secretAccessKey}`;
    if (this.#key && keyFor === this.#keyFor) return this.#key;
    let key: Buffer = createHmac('sha256', `AWS4${credentials.secretAccessKey}`).update(date).digest();
    for (const part of [this.#region, this.#service, 'aws4_request']) key = createHmac('sha256', key).update(part).digest();
    // A key object and not the bytes: making one of them for each request costs more than the rest of the signature.
    this.#key = createSecretKey(key);
    this.#keyFor = keyFor;
    return this.#key;
  }
}
