import * as z from 'zod';
import { renderTagLimits } from '../../../shared/control/render-records.ts';
import { readStanding } from '../../../shared/control/standing.ts';
import { isEachValue, limitedTagSchema, ruleForTag } from '../../../shared/control/tag-limits.ts';
import { GatewayError } from '../../../shared/errors/gateway-error.ts';
import type { AdminParts, Operation } from '../operation.ts';
import { pageAnswer, pageRequestOf, pagingQuerySchema } from '../paging.ts';
import { parseInput } from '../parse-input.ts';

const paramsSchema = z.object({ id: limitedTagSchema });

/** `GET /admin/tags`: the tags that limits are set on, by name. */
export function listTagLimits({ store }: Pick<AdminParts, 'store'>): Operation {
  return async (request) => {
    const { limit, after } = pageRequestOf(parseInput(pagingQuerySchema, request.query, 'query'));
    const rows = Object.entries((await store.findTagLimits())?.tags ?? {})
      .filter(([id]) => after === undefined || id > after)
      .sort(([one], [other]) => (one < other ? -1 : 1));
    const items = rows.slice(0, limit);
    const last = items.at(-1);
    return pageAnswer({ items, ...(last !== undefined && rows.length > limit && { next: last[0] }) }, ([id, limits]) =>
      renderTagLimits(id, limits),
    );
  };
}

/**
 * `GET /admin/tags/{id}`: the limits that hold for a tag, whose they are (its own, or those of `name=*`), and how it
 * stands. The values of `name=*` stand each for itself, so of that itself nothing is shown.
 */
export function getTagLimits({ store, ledger, clock }: Pick<AdminParts, 'store' | 'ledger' | 'clock'>): Operation {
  return async (request) => {
    const { id } = parseInput(paramsSchema, request.params, 'path');
    const rules = (await store.findTagLimits())?.tags ?? {};
    const rule = ruleForTag(rules, id);
    const limits = rule === undefined ? undefined : rules[rule];
    if (rule === undefined || limits === undefined) throw noTagLimits(id);
    const standing = isEachValue(id) ? null : await readStanding(ledger, 'tag', id, limits, clock());
    return { status: 200, body: { ...renderTagLimits(id, limits), limits_of: rule, standing } };
  };
}

/** What is told of a tag that has no limits. */
export function noTagLimits(id: string): GatewayError {
  return new GatewayError('not_found', `No limits are set on the tag "${id}".`);
}
