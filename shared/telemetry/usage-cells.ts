import { createHash } from 'node:crypto';
import { type CallRecord, chargesOf } from './call-record.ts';
import { addUsage, noUsage, type UsageCounters, usageOfRecord } from './usage-counters.ts';

/** By what usage is told apart. `refine` is a tag (`tag:feature=search`) or an end user (`end_user:alice`). */
export interface UsageDimensions {
  readonly key?: string | undefined;
  readonly team?: string | undefined;
  readonly user?: string | undefined;
  readonly organization?: string | undefined;
  /** As it was asked for, where nothing answered; else `provider/model` without its knobs. */
  readonly model?: string | undefined;
  readonly provider?: string | undefined;
  readonly refine?: string | undefined;
}

/**
 * One sum of usage. Three kinds:
 * - `whole`: every call is in exactly one of an hour, and one of a day;
 * - `refined`: a call is in one for each of its tags and for its end user, by hour and by day;
 * - `scope`: what a limited scope was charged, by day and altogether, to hold against the ledger.
 */
export interface UsageCell {
  readonly kind: 'whole' | 'refined' | 'scope';
  readonly span: 'hour' | 'day' | 'ever';
  /** Start of the span: `2026-11-23T13`, `2026-11-23`; empty for `ever`. */
  readonly time: string;
  /** Names the cell among those of its kind and time. */
  readonly name: string;
  readonly dimensions: UsageDimensions;
  readonly counters: UsageCounters;
}

/** What a call adds to which sums. */
export function cellsOf(record: CallRecord): UsageCell[] {
  const started = new Date(record.startedAtMs).toISOString();
  const times = [
    { span: 'hour', time: started.slice(0, 13) },
    { span: 'day', time: started.slice(0, 10) },
  ] as const;
  const counters = usageOfRecord(record);
  const whole = dimensionsOf(record);
  const cells: UsageCell[] = [];
  for (const { span, time } of times) {
    cells.push({ kind: 'whole', span, time, name: nameOf(whole), dimensions: whole, counters });
    for (const refine of refinementsOf(record)) {
      const dimensions = { ...whole, refine };
      cells.push({ kind: 'refined', span, time, name: nameOf(dimensions), dimensions, counters });
    }
  }
  for (const [scope, chargedNanoUsd] of chargesOf(record)) cells.push(...scopeCells(scope, started.slice(0, 10), chargedNanoUsd, 1));
  return cells;
}

/** What a charge of a scope adds, by the day of its call and altogether. */
export function scopeCells(scope: string, day: string, chargedNanoUsd: number, calls: number): UsageCell[] {
  const counters = { ...noUsage(), calls, costNanoUsd: chargedNanoUsd };
  return [
    { kind: 'scope', span: 'day', time: day, name: scope, dimensions: {}, counters },
    { kind: 'scope', span: 'ever', time: '', name: scope, dimensions: {}, counters },
  ];
}

function dimensionsOf(record: CallRecord): UsageDimensions {
  const { keyId, team, user, organization, servedBy, provider } = record;
  return { key: keyId, team, user, organization, model: servedBy === undefined ? unservedModel(record) : withoutKnobs(servedBy), provider };
}

function refinementsOf(record: CallRecord): string[] {
  const refinements = Object.entries(record.tags ?? {}).map(([name, value]) => `tag:${name}=${value}`);
  if (record.endUser !== undefined) refinements.push(`end_user:${record.endUser}`);
  return refinements;
}

/** A model that does not exist can bear any name, and sums must not grow with what callers make up. */
function unservedModel({ model, error }: CallRecord): string | undefined {
  if (model === undefined || error === 'model_not_found') return undefined;
  return withoutKnobs(model).slice(0, 100);
}

function withoutKnobs(model: string): string {
  return model.split('?', 1)[0] ?? model;
}

function nameOf({ key, team, user, organization, model, provider, refine }: UsageDimensions): string {
  const parts = JSON.stringify([key, team, user, organization, model, provider, refine].map((part) => part ?? null));
  return createHash('sha256').update(parts).digest('base64url').slice(0, 22);
}

/** Sums of the cells of many calls, each cell once. */
export class UsageSums {
  readonly #cells = new Map<string, UsageCell>();

  add(cells: readonly UsageCell[]): void {
    for (const cell of cells) {
      const id = `${cell.kind} ${cell.span} ${cell.time} ${cell.name}`;
      const sum = this.#cells.get(id);
      if (sum === undefined) this.#cells.set(id, { ...cell, counters: { ...cell.counters } });
      else addUsage(sum.counters, cell.counters);
    }
  }

  get cells(): UsageCell[] {
    return [...this.#cells.values()];
  }
}
