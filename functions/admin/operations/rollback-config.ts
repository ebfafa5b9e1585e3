import * as z from 'zod';
import type { JsonValue } from '../../../shared/calls/json.ts';
import { putConfig } from '../../../shared/config/config-change.ts';
import { differences } from '../../../shared/config/config-diff.ts';
import { fileVersion } from '../../../shared/config/config-versions.ts';
import { checkConfig } from '../../../shared/config/load-config.ts';
import { auditedChange } from '../../../shared/control/audited-change.ts';
import { originOf } from '../change-origin.ts';
import { currentDocument, documentOf, renderVersion, type VersionedDocument } from '../config-documents.ts';
import type { ConfigParts } from '../config-parts.ts';
import type { Operation } from '../operation.ts';
import { parseInput } from '../parse-input.ts';

const bodySchema = z.strictObject({ version: z.int().nonnegative(), note: z.string().max(500).optional() });

/**
 * `POST /admin/config/rollback` `{"version": 3}`: puts what a version says in place again, as a new version. 0 hands back
 * to the file of the deployment, whatever comes with the next one.
 */
export function rollbackConfig(parts: ConfigParts): Operation {
  return async (request) => {
    const { version, note } = parseInput(bodySchema, request.body ?? {}, 'body');
    const restored = await documentOf(version, parts);
    // What held once need not hold with today's functions.
    checkConfig(restored.document.value, () => `version ${version}`);
    const before = await currentDocument(parts);
    const origin = originOf(request, parts);
    const changed = differences(before.document.value, restored.document.value);
    const { put } = await auditedChange(parts.store, origin, { action: 'config.rollback', target: 'config' }, async () => {
      const put = await putConfig(parts.versions, {
        createdAtMs: origin.nowMs,
        actor: origin.actor,
        restored: version,
        ...(note !== undefined && { note }),
        ...contentOf(restored),
      });
      return { put, before: { version: before.version }, after: { version: put.version, restored: version } };
    });
    return { status: 200, body: { ...renderVersion(put.version, put), changed } };
  };
}

function contentOf({ version, stored, document }: VersionedDocument): {
  readonly source: 'file' | 'api';
  readonly settings?: JsonValue;
  readonly yaml?: string;
} {
  if (version === fileVersion || stored?.source === 'file') return { source: 'file' };
  return { source: 'api', settings: document.value, ...(document.yaml !== undefined && { yaml: document.yaml }) };
}
