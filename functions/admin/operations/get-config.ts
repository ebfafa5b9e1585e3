import { currentDocument, renderDocument } from '../config-documents.ts';
import type { ConfigParts } from '../config-parts.ts';
import type { Operation } from '../operation.ts';

/** `GET /admin/config`: the configuration that holds, and since when. */
export function getConfig(parts: Pick<ConfigParts, 'versions' | 'file'>): Operation {
  return async () => ({ status: 200, body: renderDocument(await currentDocument(parts)) });
}
