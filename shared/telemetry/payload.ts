import * as z from 'zod';

/** What a call said and was told, redacted. Kept apart from the record, with an end of its own. */
export const payloadSchema = z.object({
  id: z.string(),
  atMs: z.int(),
  request: z.unknown(),
  /** Absent where nothing came, or nothing that can be told as one body. */
  response: z.unknown().optional(),
});

export type Payload = z.infer<typeof payloadSchema>;

/** Where payloads are kept. */
export interface PayloadStore {
  /** @throws when the payload could not be kept. */
  put(payload: Payload): Promise<void>;
  /** Undefined where there is none, or none any more. @throws when the store fails. */
  get(id: string): Promise<Payload | undefined>;
}
