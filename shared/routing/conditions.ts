import { isJsonObject, type JsonObject } from '../calls/json.ts';
import { matchesPattern } from '../pricing/model-pattern.ts';
import { type CallFacts, estimatedInputTokens } from './call-facts.ts';
import type { Conditions, ParameterTest } from './conditions-schema.ts';

/** Why a call does not meet conditions, in a few words; undefined where it meets them all. */
export function unmet(conditions: Conditions | undefined, facts: CallFacts): string | undefined {
  if (conditions === undefined) return undefined;
  for (const [what, holds] of tests) if (!holds(conditions, facts)) return `its condition on ${what} does not hold`;
  return undefined;
}

type Test = (conditions: Conditions, facts: CallFacts) => boolean;

const tests: readonly (readonly [what: string, holds: Test])[] = [
  ['tags', ({ tags }, facts) => Object.entries(tags ?? {}).every(([name, wanted]) => anyMatches(wanted, facts.tags[name]))],
  ['key', ({ key }, facts) => key === undefined || anyMatches(key, facts.key) || anyMatches(key, facts.keyName)],
  ['team', ({ team }, facts) => team === undefined || anyMatches(team, facts.team)],
  ['user', ({ user }, facts) => user === undefined || anyMatches(user, facts.user)],
  ['organization', ({ organization }, facts) => organization === undefined || anyMatches(organization, facts.organization)],
  ['dialect', ({ dialect }, facts) => dialect === undefined || anyMatches(dialect, facts.dialect)],
  ['stream', ({ stream }, facts) => stream === undefined || stream === facts.stream],
  [
    'parameters',
    ({ parameters }, { body }) => Object.entries(parameters ?? {}).every(([name, test]) => passes(test, parameterOf(body, name))),
  ],
  ['input_tokens', ({ input_tokens: range }, facts) => range === undefined || within(range, estimatedInputTokens(facts))],
  ['modality', ({ modality }, facts) => modality === undefined || [modality].flat().some((wanted) => hasModality(facts, wanted))],
  ['time', ({ time }, { nowMs }) => time === undefined || isTime(time, nowMs)],
];

function anyMatches(wanted: string | readonly string[], value: string | undefined): boolean {
  return value !== undefined && [wanted].flat().some((pattern) => matchesPattern(pattern, value));
}

/** A field of the body by its name, or by the names on the way to it: `generationConfig.temperature`. */
function parameterOf(body: Readonly<JsonObject>, path: string): unknown {
  if (path in body || !path.includes('.')) return body[path];
  let value: unknown = body;
  for (const name of path.split('.')) value = isJsonObject(value) ? value[name] : undefined;
  return value;
}

function passes(test: ParameterTest, value: unknown): boolean {
  if (!isJsonObject(test)) return test === value;
  if ('present' in test) return test.present === (value !== undefined && value !== null);
  return typeof value === 'number' && within(test, value);
}

function within(range: { readonly min?: number | undefined; readonly max?: number | undefined }, value: number): boolean {
  return value >= (range.min ?? Number.NEGATIVE_INFINITY) && value <= (range.max ?? Number.POSITIVE_INFINITY);
}

function hasModality({ content }: CallFacts, modality: 'text' | 'image' | 'audio' | 'file'): boolean {
  const counts = { image: content.images.length, audio: content.audio.length, file: content.files.length };
  return modality === 'text' ? Object.values(counts).every((count) => count === 0) : counts[modality] > 0;
}

function isTime(time: NonNullable<Conditions['time']>, nowMs: number): boolean {
  const { day, yesterday, clock } = localTime(nowMs, time.zone);
  const from = time.from ?? '00:00';
  const to = time.to ?? '24:00';
  const overMidnight = to <= from;
  const inSpan = overMidnight ? clock >= from || clock < to : clock >= from && clock < to;
  // What began before midnight belongs to the day it began on.
  const began = overMidnight && clock < to ? yesterday : day;
  return inSpan && (time.days === undefined || time.days.some((name) => name === began));
}

const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

function localTime(nowMs: number, zone: string | undefined): { readonly day: string; readonly yesterday: string; readonly clock: string } {
  const at = new Date(nowMs);
  let clock = at.toISOString().slice(11, 16);
  let index = at.getUTCDay();
  if (zone !== undefined) {
    const format = new Intl.DateTimeFormat('en', {
      timeZone: zone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
    clock = `${parts.hour}:${parts.minute}`;
    index = Math.max(0, dayNames.indexOf((parts.weekday ?? '').toLowerCase()));
  }
  return { day: dayNames[index] ?? '', yesterday: dayNames[(index + 6) % 7] ?? '', clock };
}
