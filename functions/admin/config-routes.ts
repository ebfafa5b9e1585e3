import type { ConfigParts } from './config-parts.ts';
import type { AdminRoute } from './operation.ts';
import { diffConfig } from './operations/diff-config.ts';
import { explainRoute } from './operations/explain-route.ts';
import { getConfig } from './operations/get-config.ts';
import { getConfigVersion } from './operations/get-config-version.ts';
import { listConfigVersions } from './operations/list-config-versions.ts';
import { putConfigOperation } from './operations/put-config.ts';
import { rollbackConfig } from './operations/rollback-config.ts';
import { validateConfig } from './operations/validate-config.ts';

/** The live configuration, and how it routes. */
export function configRoutes(parts: ConfigParts): readonly AdminRoute[] {
  return [
    { method: 'GET', path: '/admin/config', operation: getConfig(parts) },
    { method: 'PUT', path: '/admin/config', operation: putConfigOperation(parts) },
    { method: 'POST', path: '/admin/config/validate', operation: validateConfig(parts) },
    { method: 'GET', path: '/admin/config/versions', operation: listConfigVersions(parts) },
    { method: 'GET', path: '/admin/config/versions/{version}', operation: getConfigVersion(parts) },
    { method: 'GET', path: '/admin/config/diff', operation: diffConfig(parts) },
    { method: 'POST', path: '/admin/config/rollback', operation: rollbackConfig(parts) },
    { method: 'POST', path: '/admin/route/explain', operation: explainRoute(parts) },
  ];
}
