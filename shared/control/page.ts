import { GatewayError } from '../errors/gateway-error.ts';

/** One page of a list, in the list's own order. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Sort key of the last item looked at when there may be more, to go on after it. */
  readonly next?: string;
}

/** Which page is asked for. */
export interface PageRequest {
  /** At most this many items. */
  readonly limit: number;
  /** Goes on after the item with this sort key; from the beginning without it. */
  readonly after?: string;
}

/** How many items a page has unless asked otherwise, and at most. */
export const defaultPageSize = 50;
export const maxPageSize = 200;

/** The opaque form of a sort key, for the caller to hand back. */
export function encodeCursor(sortKey: string): string {
  return Buffer.from(sortKey, 'utf8').toString('base64url');
}

/**
 * The sort key in a cursor.
 * @throws GatewayError `invalid_request` when it is none that `encodeCursor` made.
 */
export function decodeCursor(cursor: string): string {
  const sortKey = Buffer.from(cursor, 'base64url').toString('utf8');
  if (sortKey === '' || encodeCursor(sortKey) !== cursor) {
    throw new GatewayError('invalid_request', 'The cursor is none of ours. Use next_cursor of the page before, as it came.', {
      param: 'cursor',
    });
  }
  return sortKey;
}

/**
 * A page of the items that `wanted` accepts, read from as many pages of the list as it takes. `sortKeyOf`
 * names an item's place in the list, so that a page can end in the middle of one that was read.
 */
export async function filteredPage<Item>(
  request: PageRequest,
  read: (request: PageRequest) => Promise<Page<Item>>,
  wanted: (item: Item) => boolean,
  sortKeyOf: (item: Item) => string,
): Promise<Page<Item>> {
  const items: Item[] = [];
  let after = request.after;
  for (;;) {
    const page = await read({ limit: maxPageSize, ...(after !== undefined && { after }) });
    for (const item of page.items) {
      if (!wanted(item)) continue;
      const last = items.at(-1);
      if (last !== undefined && items.length === request.limit) return { items, next: sortKeyOf(last) };
      items.push(item);
    }
    if (page.next === undefined) return { items };
    after = page.next;
  }
}
