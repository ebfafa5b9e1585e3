import type { Buffer } from 'node:buffer';

/** An upload that a key is about to make. */
export interface PlannedUpload {
  readonly id: string;
  /** The key it belongs to; no other can read it. */
  readonly keyId: string;
  readonly contentType: string;
  /** Exactly so many bytes, where the caller said how many. */
  readonly bytes?: number | undefined;
  readonly atMs: number;
  /** How long the upload may begin, in seconds. */
  readonly validSeconds: number;
  /** Where the caller reached the gateway, such as `http://127.0.0.1:8787`. */
  readonly origin: string;
}

/** What the caller needs to make its upload. */
export interface UploadTicket {
  /** Takes one body by `PUT`; whoever has it needs no key. A secret until it ends. */
  readonly url: string;
  /** To be sent with it, exactly. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What was uploaded. */
export interface UploadedBody {
  readonly body: Buffer;
  readonly contentType: string;
}

/** Where bodies lie that are too large for an invocation. */
export interface UploadStore {
  prepare(upload: PlannedUpload): UploadTicket;
  /**
   * What a key has uploaded under an id; undefined where there is nothing.
   * @throws GatewayError `request_too_large` beyond `maxBytes`, without reading it, and `store_unavailable` where the store
   * fails or does not answer in time.
   */
  read(
    upload: Pick<PlannedUpload, 'id' | 'keyId'>,
    limits: { readonly maxBytes: number; readonly signal: AbortSignal },
  ): Promise<UploadedBody | undefined>;
}
