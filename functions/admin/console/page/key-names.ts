import type { Key, List } from './shapes.ts';
import type { Place } from './view.ts';

/** More keys than this are shown by their id. */
const mostPages = 5;

/** Names of keys by id. */
export async function keyNames({ session, signal }: Place): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  let cursor: string | undefined;
  for (let pages = 0; pages < mostPages; pages += 1) {
    const page: List<Key> = await session.api.get('/admin/keys', { query: { limit: 200, cursor }, signal });
    for (const { id, name } of page.data) names.set(id, name);
    if (page.next_cursor === null) break;
    cursor = page.next_cursor;
  }
  return names;
}
