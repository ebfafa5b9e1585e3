import type { GroupKind } from '../../../shared/control/group-record.ts';
import { renderGroup } from '../../../shared/control/render-records.ts';
import type { AdminParts, Operation } from '../operation.ts';
import { pageAnswer, pageRequestOf, pagingQuerySchema } from '../paging.ts';
import { parseInput } from '../parse-input.ts';

/** `GET /admin/teams` and its like: records by id. */
export function listGroups({ store }: Pick<AdminParts, 'store'>, kind: GroupKind): Operation {
  return async (request) => {
    const page = pageRequestOf(parseInput(pagingQuerySchema, request.query, 'query'));
    return pageAnswer(await store.listGroups(kind, page), renderGroup);
  };
}
