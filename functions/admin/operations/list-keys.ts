import * as z from 'zod';
import { filteredPage } from '../../../shared/control/page.ts';
import { renderKey } from '../../../shared/control/render-records.ts';
import type { AdminParts, Operation } from '../operation.ts';
import { pageAnswer, pageRequestOf, pagingQuerySchema } from '../paging.ts';
import { parseInput } from '../parse-input.ts';

const querySchema = pagingQuerySchema.extend({
  team: z.string().optional(),
  user: z.string().optional(),
  organization: z.string().optional(),
});

/** `GET /admin/keys`: keys, newest first, of all or of one team, user or organisation. */
export function listKeys({ store }: Pick<AdminParts, 'store'>): Operation {
  return async (request) => {
    const { team, user, organization, ...paging } = parseInput(querySchema, request.query, 'query');
    const page = pageRequestOf(paging);
    if (team === undefined && user === undefined && organization === undefined) return pageAnswer(await store.listKeys(page), renderKey);
    const filtered = await filteredPage(
      page,
      (next) => store.listKeys(next),
      (key) =>
        (team === undefined || key.team === team) &&
        (user === undefined || key.user === user) &&
        (organization === undefined || key.organization === organization),
      (key) => key.id,
    );
    return pageAnswer(filtered, renderKey);
  };
}
