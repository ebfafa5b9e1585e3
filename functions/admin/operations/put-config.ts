import * as z from 'zod';
import { putConfig } from '../../../shared/config/config-change.ts';
import { differences } from '../../../shared/config/config-diff.ts';
import { auditedChange } from '../../../shared/control/audited-change.ts';
import { originOf } from '../change-origin.ts';
import { configInBody, currentDocument, renderVersion, versionNumberSchema } from '../config-documents.ts';
import type { ConfigParts } from '../config-parts.ts';
import { warningsOf } from '../config-warnings.ts';
import type { Operation } from '../operation.ts';
import { parseInput } from '../parse-input.ts';

const querySchema = z.strictObject({ note: z.string().max(500).optional(), if_version: versionNumberSchema.optional() });

/**
 * `PUT /admin/config`: puts a configuration in place, whole or not at all. It is in effect everywhere within ten
 * seconds; calls under way keep the one they began with.
 */
export function putConfigOperation(parts: ConfigParts): Operation {
  return async (request) => {
    const { note, if_version: ifVersion } = parseInput(querySchema, request.query, 'query');
    const document = await configInBody(request);
    const before = await currentDocument(parts);
    const origin = originOf(request, parts);
    const changed = differences(before.document.value, document.value);
    const { version } = await auditedChange(parts.store, origin, { action: 'config.put', target: 'config' }, async () => {
      const put = await putConfig(parts.versions, {
        createdAtMs: origin.nowMs,
        actor: origin.actor,
        source: 'api',
        settings: document.value,
        ...(note !== undefined && { note }),
        ...(document.yaml !== undefined && { yaml: document.yaml }),
        ...(ifVersion !== undefined && { ifVersion }),
      });
      return {
        version: put,
        before: { version: before.version },
        after: { version: put.version, changed: changed.map(({ path }) => path) },
      };
    });
    const warnings = warningsOf(parts.makeLive(document.config, version.version), parts.deployed);
    return { status: 200, body: { ...renderVersion(version.version, version), changed, warnings } };
  };
}
