import * as z from 'zod';
import type { CallRange } from '../../../shared/store/record-calls.ts';
import { startOfCall } from '../../../shared/store/record-keys.ts';
import { type CallRecord, callEndings } from '../../../shared/telemetry/call-record.ts';
import type { PayloadStore } from '../../../shared/telemetry/payload.ts';
import { renderCallRecord } from '../../../shared/telemetry/render-call-record.ts';
import type { Operation } from '../operation.ts';
import { pageAnswer, pageRequestOf, pagingQuerySchema } from '../paging.ts';
import { parseInput } from '../parse-input.ts';
import { momentSchema } from '../query-moments.ts';

/** What the operations on records work with. */
export interface RecordParts {
  readonly records: {
    newestFirst(range: CallRange): AsyncGenerator<CallRecord>;
    find(id: string): Promise<CallRecord | undefined>;
    listed(list: { readonly session: string } | { readonly traceId: string }, limit: number): Promise<CallRecord[]>;
  };
  /** Undefined where prompts and answers are never kept. */
  readonly payloads: Pick<PayloadStore, 'get'> | undefined;
  readonly clock: () => number;
}

const querySchema = pagingQuerySchema.extend({
  key: z.string().optional(),
  team: z.string().optional(),
  user: z.string().optional(),
  organization: z.string().optional(),
  end_user: z.string().optional(),
  /** As asked for or as served. */
  model: z.string().optional(),
  provider: z.string().optional(),
  /** A status, or a class of them: `429`, `5xx`. */
  status: z
    .string()
    .regex(/^[1-5](\d\d|xx)$/, 'must be a status such as 429 or a class such as 5xx')
    .optional(),
  error: z.string().optional(),
  ending: z.enum(callEndings).optional(),
  session: z.string().optional(),
  /** The trace id of a `traceparent`. */
  trace: z.string().optional(),
  app: z.string().optional(),
  /** A part of it, in whatever case. */
  user_agent: z.string().optional(),
  /** `name` or `name=value`. */
  tag: z.string().optional(),
  from: momentSchema.optional(),
  to: momentSchema.optional(),
});

type RequestQuery = z.infer<typeof querySchema>;

/** So far back a list goes of its own accord. */
const usualReachMs = 31 * 86_400_000;

/** So many records are looked at for one page; a page may then be short, and its cursor goes on from there. */
const mostExamined = 5_000;

/** `GET /admin/requests`: records of calls, newest first, of all or those that match. */
export function listRequests({ records, clock }: Pick<RecordParts, 'records' | 'clock'>): Operation {
  return async (request) => {
    const query = parseInput(querySchema, request.query, 'query');
    const { limit, after } = pageRequestOf(query);
    const afterMs = after === undefined ? undefined : startOfCall(after);
    const toMs = Math.min(query.to ?? clock() + 60_000, afterMs === undefined ? Number.POSITIVE_INFINITY : afterMs + 1);
    const range = { fromMs: query.from ?? toMs - usualReachMs, toMs };
    const items: CallRecord[] = [];
    let examined = 0;
    let last: string | undefined;
    for await (const record of records.newestFirst(range)) {
      if (after !== undefined && record.id >= after) continue;
      if (items.length === limit || examined === mostExamined)
        return pageAnswer({ items, ...(last !== undefined && { next: last }) }, renderCallRecord);
      examined += 1;
      last = record.id;
      if (isWanted(record, query)) items.push(record);
    }
    return pageAnswer({ items }, renderCallRecord);
  };
}

function isWanted(record: CallRecord, query: RequestQuery): boolean {
  const { keyId, team, user, organization, endUser, provider, error, ending, session, traceId, app } = record;
  const wanted: [string | undefined, string | undefined][] = [
    [query.key, keyId],
    [query.team, team],
    [query.user, user],
    [query.organization, organization],
    [query.end_user, endUser],
    [query.provider, provider],
    [query.error, error],
    [query.ending, ending],
    [query.session, session],
    [query.trace, traceId],
    [query.app, app],
  ];
  return (
    wanted.every(([asked, value]) => asked === undefined || asked === value) &&
    (query.model === undefined || query.model === record.model || query.model === record.servedBy) &&
    hasStatus(record, query.status) &&
    (query.user_agent === undefined || record.userAgent?.toLowerCase().includes(query.user_agent.toLowerCase()) === true) &&
    hasTag(record, query.tag)
  );
}

function hasStatus({ status }: CallRecord, wanted: string | undefined): boolean {
  if (wanted === undefined) return true;
  return status !== undefined && (wanted.endsWith('xx') ? String(status)[0] === wanted[0] : String(status) === wanted);
}

function hasTag({ tags }: CallRecord, wanted: string | undefined): boolean {
  if (wanted === undefined) return true;
  const mark = wanted.indexOf('=');
  return mark === -1 ? tags?.[wanted] !== undefined : tags?.[wanted.slice(0, mark)] === wanted.slice(mark + 1);
}
