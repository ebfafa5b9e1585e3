import { documentOf, renderDocument, versionNumberSchema } from '../config-documents.ts';
import type { ConfigParts } from '../config-parts.ts';
import type { Operation } from '../operation.ts';
import { parseInput } from '../parse-input.ts';

/** `GET /admin/config/versions/{version}`: one version whole. */
export function getConfigVersion(parts: Pick<ConfigParts, 'versions' | 'file'>): Operation {
  return async ({ params }) => {
    const version = parseInput(versionNumberSchema, params.version, 'path');
    return { status: 200, body: renderDocument(await documentOf(version, parts)) };
  };
}
