import * as z from 'zod';
import { decodeCursor, defaultPageSize, encodeCursor, maxPageSize, type Page, type PageRequest } from '../../shared/control/page.ts';
import type { AdminAnswer } from './operation.ts';

const limitSchema = z
  .string()
  .regex(/^[0-9]{1,4}$/, 'must be a whole number')
  .transform(Number)
  .refine((limit) => limit >= 1 && limit <= maxPageSize, `must lie between 1 and ${maxPageSize}`);

/** The query parameters every list takes; a list with filters extends it. */
export const pagingQuerySchema = z.strictObject({ limit: limitSchema.optional(), cursor: z.string().optional() });

/**
 * Which page a query asks for.
 * @throws GatewayError `invalid_request` for a cursor that is none.
 */
export function pageRequestOf(query: z.infer<typeof pagingQuerySchema>): PageRequest {
  return {
    limit: query.limit ?? defaultPageSize,
    ...(query.cursor !== undefined && { after: decodeCursor(query.cursor) }),
  };
}

/** A page as every list of the control plane answers it: `next_cursor` is null on the last page. */
export function pageAnswer<Item>(page: Page<Item>, render: (item: Item) => object): AdminAnswer {
  return {
    status: 200,
    body: {
      object: 'list',
      data: page.items.map(render),
      has_more: page.next !== undefined,
      next_cursor: page.next === undefined ? null : encodeCursor(page.next),
    },
  };
}
