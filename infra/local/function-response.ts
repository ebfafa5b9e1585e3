import type { ServerResponse } from 'node:http';
import * as z from 'zod';

const headerValueSchema = z.union([z.string(), z.number(), z.boolean()]).transform(String);

/** The metadata that opens a streamed response, and the head of a buffered one. */
export const responseHeadSchema = z.object({
  statusCode: z.int().min(100).max(599).default(200),
  headers: z.record(z.string(), headerValueSchema).nullish(),
  multiValueHeaders: z.record(z.string(), z.array(headerValueSchema)).nullish(),
  cookies: z.array(z.string()).nullish(),
});

/** What a function that does not stream returns. */
export const bufferedResponseSchema = responseHeadSchema.extend({
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

/** See {@link responseHeadSchema}. */
export type ResponseHead = z.infer<typeof responseHeadSchema>;

/** Headers of one connection: this server sets its own. */
const connectionHeaders = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade']);

/** Sets status and headers; where a name stands in both maps, the one with several values counts, as in API Gateway. */
export function writeResponseHead(response: ServerResponse, head: ResponseHead): void {
  response.statusCode = head.statusCode;
  for (const [name, value] of Object.entries(head.headers ?? {})) setHeader(response, name, value);
  for (const [name, values] of Object.entries(head.multiValueHeaders ?? {})) setHeader(response, name, values);
  if (head.cookies?.length) response.appendHeader('set-cookie', head.cookies);
}

function setHeader(response: ServerResponse, name: string, value: string | string[]): void {
  if (!connectionHeaders.has(name.toLowerCase())) response.setHeader(name, value);
}
