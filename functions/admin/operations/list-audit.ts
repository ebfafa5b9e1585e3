import * as z from 'zod';
import { filteredPage } from '../../../shared/control/page.ts';
import { renderAuditEntry } from '../../../shared/control/render-records.ts';
import type { AdminParts, Operation } from '../operation.ts';
import { pageAnswer, pageRequestOf, pagingQuerySchema } from '../paging.ts';
import { parseInput } from '../parse-input.ts';

const querySchema = pagingQuerySchema.extend({ target: z.string().optional(), action: z.string().optional() });

/** `GET /admin/audit`: changes, newest first, of everything or of one target or action. */
export function listAudit({ store }: Pick<AdminParts, 'store'>): Operation {
  return async (request) => {
    const { target, action, ...paging } = parseInput(querySchema, request.query, 'query');
    const page = pageRequestOf(paging);
    if (target === undefined && action === undefined) return pageAnswer(await store.listAuditEntries(page), renderAuditEntry);
    const filtered = await filteredPage(
      page,
      (next) => store.listAuditEntries(next),
      (entry) => (target === undefined || entry.target === target) && (action === undefined || entry.action === action),
      (entry) => entry.id,
    );
    return pageAnswer(filtered, renderAuditEntry);
  };
}
