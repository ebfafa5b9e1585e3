import * as z from 'zod';
import { GatewayError } from '../../../shared/errors/gateway-error.ts';
import type { UsageQuery, UsageSum } from '../../../shared/store/usage-read.ts';
import { csv } from '../../../shared/telemetry/csv.ts';
import { counterNames, renderCounters } from '../../../shared/telemetry/render-usage.ts';
import { isRefinement, type UsageGroup, type UsageRow, usageReport, usageTotal } from '../../../shared/telemetry/usage-report.ts';
import type { AdminAnswer, Operation } from '../operation.ts';
import { parseInput } from '../parse-input.ts';
import { momentSchema } from '../query-moments.ts';

/** What reading usage works with. */
export interface UsageParts {
  readonly usage: { read(query: UsageQuery): Promise<UsageSum[]> };
  readonly clock: () => number;
}

const hourMs = 3_600_000;
const dayMs = 86_400_000;

/** What a report reaches back of its own accord. */
const usualReachMs = 30 * dayMs;

const mostGroups = 4;

const groupSchema = z
  .string()
  .refine(
    (text): text is UsageGroup => /^(hour|day|key|team|user|organization|model|provider|end_user|tag|tag:.{1,64})$/.test(text),
    'must be hour, day, key, team, user, organization, model, provider, end_user, tag or tag:<name>',
  );

const querySchema = z.strictObject({
  from: momentSchema.optional(),
  to: momentSchema.optional(),
  /** Several are separated by commas. Default: day. */
  group_by: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(groupSchema).min(1).max(mostGroups))
    .optional(),
  format: z.enum(['json', 'csv']).optional(),
  key: z.string().optional(),
  team: z.string().optional(),
  user: z.string().optional(),
  organization: z.string().optional(),
  model: z.string().optional(),
  provider: z.string().optional(),
});

/** `GET /admin/usage`: calls, errors, tokens, cost and cache hits, grouped; exact up to the last call that ended. */
export function getUsage({ usage, clock }: UsageParts): Operation {
  return async (request) => {
    const { group_by, format, from, to, ...filter } = parseInput(querySchema, request.query, 'query');
    const groups = group_by ?? ['day'];
    if (groups.filter(isRefinement).length > 1) {
      throw new GatewayError('invalid_request', 'group_by takes one of end_user, tag and tag:<name> at a time.', { param: 'group_by' });
    }
    const range = rangeOf(from, to, groups.includes('hour'), clock());
    const facts = await usage.read({ kind: groups.some(isRefinement) ? 'refined' : 'whole', ...range });
    const rows = usageReport(facts, groups, filter);
    if (format === 'csv') return csvAnswer(groups, rows);
    const total = groups.some(isRefinement) ? undefined : renderCounters(usageTotal(facts, filter));
    return {
      status: 200,
      body: {
        object: 'usage',
        from: new Date(range.fromMs).toISOString(),
        to: new Date(range.toMs).toISOString(),
        group_by: groups,
        data: rows.map(({ group, counters }) => ({ ...group, ...renderCounters(counters) })),
        // A call with two tags stands in two rows, so rows by tag have no sum.
        total: total ?? null,
      },
    };
  };
}

/** Whole days, or whole hours where asked for by the hour or where an edge is none of a day. */
function rangeOf(from: number | undefined, to: number | undefined, byHour: boolean, nowMs: number): Omit<UsageQuery, 'kind'> {
  const span = byHour || [from, to].some((edge) => edge !== undefined && edge % dayMs !== 0) ? 'hour' : 'day';
  const unitMs = span === 'hour' ? hourMs : dayMs;
  const toMs = Math.ceil((to ?? nowMs + 1) / unitMs) * unitMs;
  const fromMs = Math.floor((from ?? toMs - (span === 'hour' ? dayMs : usualReachMs)) / unitMs) * unitMs;
  if (fromMs < toMs && toMs - fromMs <= 1_100 * dayMs) return { span, fromMs, toMs };
  throw new GatewayError('invalid_request', 'from must lie before to, and no more than three years before it.', { param: 'from' });
}

function csvAnswer(groups: readonly UsageGroup[], rows: readonly UsageRow[]): AdminAnswer {
  const records = rows.map(({ group, counters }): Record<string, string | number | null> => ({ ...group, ...renderCounters(counters) }));
  const header = [...groups, ...counterNames()];
  const lines = [header, ...records.map((record) => header.map((name) => record[name] ?? null))];
  return { status: 200, body: {}, text: { contentType: 'text/csv; charset=utf-8', content: csv(lines) } };
}
