import { requestTooLarge } from '../errors/too-large.ts';
import { type GatewayMiddleware, known } from './exchange.ts';
import type { UploadParts } from './read-upload.ts';

/** Bodies larger than this do not fit a Lambda invocation (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html). */
const maxBodyBytes = 6 * 1024 * 1024;

/**
 * Puts uploads in the place of what names them: the one in `x-sluice-body` becomes the request's body, content type
 * included, those in the body become images, files and sound. Whatever comes after sees one request like any other.
 */
export function uploadedBody(options: { readonly parts: () => Promise<UploadParts>; readonly nowMs: () => number }): GatewayMiddleware {
  return {
    before: async function uploadedBodyBefore(request): Promise<undefined> {
      const { exchange } = request.context;
      const { kind, dialect } = known(exchange.endpoint, 'endpoint');
      if (kind !== 'call' && kind !== 'count-tokens' && kind !== 'pass-through') return;
      const { headers, body } = exchange.http;
      const id = headers['x-sluice-body']?.trim() || undefined;
      const mayNameInside = kind !== 'pass-through' && dialect.takesForm === undefined;
      if (id === undefined && body.length > maxBodyBytes) throw requestTooLarge((await options.parts()).uploads !== undefined);
      if (id === undefined && !(mayNameInside && body.includes('sluice-upload:'))) return;
      // Most starts never see an upload.
      const { takeUploads } = await import('./take-uploads.ts');
      await takeUploads(exchange, { body: id, inside: mayNameInside }, await options.parts(), options.nowMs);
    },
  };
}
