import type { ChangeOrigin } from '../../shared/control/audited-change.ts';
import type { AdminParts, AdminRequest } from './operation.ts';

/** Who makes a change, when and from where, for the audit trail. */
export function originOf(request: AdminRequest, parts: Pick<AdminParts, 'clock' | 'randomBytes'>): ChangeOrigin {
  return {
    actor: request.actor,
    ...(request.address !== undefined && { address: request.address }),
    nowMs: parts.clock(),
    randomBytes: parts.randomBytes,
  };
}
