import type * as z from 'zod';
import type { AdminClient, Query } from './admin-client.ts';
import { pageSchema } from './answers.ts';

/** The most a page of the control plane holds. */
const largestPage = 200;

/** A list of the control plane from its beginning, page by page, up to `most` items. */
export async function listAll<Item extends z.ZodType>(
  api: AdminClient,
  path: string,
  item: Item,
  query: Query = {},
  most = Number.POSITIVE_INFINITY,
) {
  const schema = pageSchema(item);
  const items: z.output<Item>[] = [];
  let cursor: string | undefined;
  do {
    const limit = Math.min(largestPage, most - items.length);
    const page = await api.get(path, schema, { ...query, limit, cursor });
    items.push(...page.data);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined && items.length < most);
  return items;
}
