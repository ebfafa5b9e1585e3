import * as z from 'zod';
import { differences } from '../../../shared/config/config-diff.ts';
import { currentDocument, documentOf, versionNumberSchema } from '../config-documents.ts';
import type { ConfigParts } from '../config-parts.ts';
import type { Operation } from '../operation.ts';
import { parseInput } from '../parse-input.ts';

const querySchema = z.strictObject({ from: versionNumberSchema, to: versionNumberSchema.optional() });

/** `GET /admin/config/diff?from=&to=`: where two versions differ; `to` is the one that holds unless it is named. */
export function diffConfig(parts: Pick<ConfigParts, 'versions' | 'file'>): Operation {
  return async (request) => {
    const { from, to } = parseInput(querySchema, request.query, 'query');
    const [before, after] = await Promise.all([documentOf(from, parts), to === undefined ? currentDocument(parts) : documentOf(to, parts)]);
    const changed = differences(before.document.value, after.document.value);
    return { status: 200, body: { from: before.version, to: after.version, changed } };
  };
}
