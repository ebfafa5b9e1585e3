import type { UsageDimensions } from './usage-cells.ts';
import { addUsage, noUsage, type UsageCounters } from './usage-counters.ts';

/** By what usage can be grouped. `tag` is every tag, `tag:<name>` the values of one. */
export type UsageGroup =
  | 'hour'
  | 'day'
  | 'key'
  | 'team'
  | 'user'
  | 'organization'
  | 'model'
  | 'provider'
  | 'end_user'
  | 'tag'
  | `tag:${string}`;

/** Sums of one span and its dimensions, whatever they come from. */
export interface UsageFact {
  /** `2026-11-23T13` or `2026-11-23`. */
  readonly time: string;
  readonly dimensions: UsageDimensions;
  readonly counters: UsageCounters;
}

/** Only what matches all of these. */
export type UsageFilter = Partial<Record<'key' | 'team' | 'user' | 'organization' | 'model' | 'provider', string | undefined>>;

/** One line of a report: the value of each group, null where the calls had none. */
export interface UsageRow {
  readonly group: Readonly<Record<string, string | null>>;
  readonly counters: UsageCounters;
}

/** Whether a group needs the sums by tag or end user, in which a call stands once for each of them. */
export function isRefinement(group: UsageGroup): boolean {
  return group === 'end_user' || group === 'tag' || group.startsWith('tag:');
}

/** Groups facts; rows in the order of their groups, by time first, dearest first else. */
export function usageReport(facts: Iterable<UsageFact>, groups: readonly UsageGroup[], filter: UsageFilter): UsageRow[] {
  const rows = new Map<string, { group: Record<string, string | null>; counters: UsageCounters }>();
  for (const fact of facts) {
    if (!matches(fact.dimensions, filter)) continue;
    const values = groups.map((group) => groupValue(fact, group));
    if (values.includes(undefined)) continue;
    const id = JSON.stringify(values);
    let row = rows.get(id);
    if (row === undefined) {
      row = { group: Object.fromEntries(groups.map((group, index) => [group, values[index] ?? null])), counters: noUsage() };
      rows.set(id, row);
    }
    addUsage(row.counters, fact.counters);
  }
  return [...rows.values()].sort(
    (one, other) => compareTime(one.group, other.group) || other.counters.costNanoUsd - one.counters.costNanoUsd,
  );
}

/** The sum of all facts that match. */
export function usageTotal(facts: Iterable<UsageFact>, filter: UsageFilter): UsageCounters {
  const total = noUsage();
  for (const fact of facts) if (matches(fact.dimensions, filter)) addUsage(total, fact.counters);
  return total;
}

function matches(dimensions: UsageDimensions, filter: UsageFilter): boolean {
  let name: keyof UsageFilter;
  for (name in filter) if (filter[name] !== undefined && dimensions[name] !== filter[name]) return false;
  return true;
}

/** Undefined: the fact is of another kind than asked for. */
function groupValue({ time, dimensions }: UsageFact, group: UsageGroup): string | null | undefined {
  const refine = dimensions.refine;
  switch (group) {
    case 'hour':
      return time.length === 13 ? `${time}:00:00Z` : null;
    case 'day':
      return time.slice(0, 10);
    case 'end_user':
      return afterPrefix(refine, 'end_user:');
    case 'tag':
      return afterPrefix(refine, 'tag:');
    case 'key':
    case 'team':
    case 'user':
    case 'organization':
    case 'model':
    case 'provider':
      return dimensions[group] ?? null;
    default:
      return afterPrefix(refine, `${group}=`);
  }
}

function afterPrefix(text: string | undefined, prefix: string): string | undefined {
  return text?.startsWith(prefix) ? text.slice(prefix.length) : undefined;
}

function compareTime(one: UsageRow['group'], other: UsageRow['group']): number {
  const [a, b] = [one.hour ?? one.day ?? '', other.hour ?? other.day ?? ''];
  return a < b ? -1 : a > b ? 1 : 0;
}
