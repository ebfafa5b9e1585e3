import type { GroupKind } from '../../shared/control/group-record.ts';
import { consoleRoutes } from './console/console-routes.ts';
import type { AdminParts, AdminRoute } from './operation.ts';
import { changeKey } from './operations/change-key.ts';
import { deleteTagLimits, putTagLimits } from './operations/change-tag-limits.ts';
import { createKey } from './operations/create-key.ts';
import { deleteGroup } from './operations/delete-group.ts';
import { deleteKey } from './operations/delete-key.ts';
import { getGroup } from './operations/get-group.ts';
import { getKey } from './operations/get-key.ts';
import { getSharedLimits } from './operations/get-shared-limits.ts';
import { getTagLimits, listTagLimits } from './operations/get-tag-limits.ts';
import { listAudit } from './operations/list-audit.ts';
import { listGroups } from './operations/list-groups.ts';
import { listKeys } from './operations/list-keys.ts';
import { putGroup } from './operations/put-group.ts';
import { putSharedLimits } from './operations/put-shared-limits.ts';
import { rotateKey } from './operations/rotate-key.ts';

/** The control plane, row by row. */
export function adminRoutes(parts: AdminParts): readonly AdminRoute[] {
  return [
    { method: 'POST', path: '/admin/keys', operation: createKey(parts) },
    { method: 'GET', path: '/admin/keys', operation: listKeys(parts) },
    { method: 'GET', path: '/admin/keys/{id}', operation: getKey(parts) },
    { method: 'PATCH', path: '/admin/keys/{id}', operation: changeKey(parts) },
    { method: 'DELETE', path: '/admin/keys/{id}', operation: deleteKey(parts) },
    { method: 'POST', path: '/admin/keys/{id}/rotate', operation: rotateKey(parts) },
    ...groupRoutes(parts, 'team', '/admin/teams'),
    ...groupRoutes(parts, 'user', '/admin/users'),
    ...groupRoutes(parts, 'organization', '/admin/organizations'),
    { method: 'GET', path: '/admin/tags', operation: listTagLimits(parts) },
    { method: 'PUT', path: '/admin/tags/{id}', operation: putTagLimits(parts) },
    { method: 'GET', path: '/admin/tags/{id}', operation: getTagLimits(parts) },
    { method: 'DELETE', path: '/admin/tags/{id}', operation: deleteTagLimits(parts) },
    { method: 'GET', path: '/admin/limits/gateway', operation: getSharedLimits(parts, 'gateway') },
    { method: 'PUT', path: '/admin/limits/gateway', operation: putSharedLimits(parts, 'gateway') },
    { method: 'GET', path: '/admin/limits/end-users', operation: getSharedLimits(parts, 'end-users') },
    { method: 'PUT', path: '/admin/limits/end-users', operation: putSharedLimits(parts, 'end-users') },
    { method: 'GET', path: '/admin/audit', operation: listAudit(parts) },
    ...consoleRoutes(),
  ];
}

function groupRoutes(parts: AdminParts, kind: GroupKind, path: string): readonly AdminRoute[] {
  return [
    { method: 'GET', path, operation: listGroups(parts, kind) },
    { method: 'PUT', path: `${path}/{id}`, operation: putGroup(parts, kind) },
    { method: 'GET', path: `${path}/{id}`, operation: getGroup(parts, kind) },
    { method: 'DELETE', path: `${path}/{id}`, operation: deleteGroup(parts, kind) },
  ];
}
