import { fileVersion } from '../../../shared/config/config-versions.ts';
import { defaultPageSize, encodeCursor } from '../../../shared/control/page.ts';
import { renderVersion } from '../config-documents.ts';
import type { ConfigParts } from '../config-parts.ts';
import type { Operation } from '../operation.ts';
import { pageRequestOf, pagingQuerySchema } from '../paging.ts';
import { parseInput } from '../parse-input.ts';

/** `GET /admin/config/versions`: newest first, without their content; the last is 0, the file of the deployment. */
export function listConfigVersions({ versions }: Pick<ConfigParts, 'versions'>): Operation {
  return async (request) => {
    const { limit, after } = pageRequestOf(parseInput(pagingQuerySchema, request.query, 'query'));
    const pageSize = limit ?? defaultPageSize;
    const before = after === undefined ? undefined : Number(after);
    const [current, found] = await Promise.all([versions.current(), versions.list({ limit: pageSize, before })]);
    const data = found.map((stored) => renderVersion(stored.version, stored));
    const hasMore = data.length === pageSize;
    if (!hasMore) data.push(renderVersion(fileVersion, undefined));
    const holding = current?.version ?? fileVersion;
    return {
      status: 200,
      body: {
        object: 'list',
        data: data.map((version) => ({ ...version, current: version.version === holding })),
        has_more: hasMore,
        next_cursor: hasMore ? encodeCursor(String(data.at(-1)?.version)) : null,
      },
    };
  };
}
