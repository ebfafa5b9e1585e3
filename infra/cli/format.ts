import { CliError } from './cli-error.ts';

/** US dollars for people: cents, or as many decimals as a small amount needs to be told from nothing. */
export function money(usd: number): string {
  const cents = Math.round(usd * 100) / 100;
  if (usd === 0 || Math.abs(usd - cents) < 5e-10) return `$${cents.toFixed(2)}`;
  if (usd >= 1) return `$${usd.toFixed(2)}`;
  return `$${usd.toFixed(9).replace(/0+$/, '')}`;
}

/** A moment in UTC to the minute. */
export function moment(iso: string): string {
  return `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

/** A whole number with thousands separated. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** How many of something: `1 call`, `1,200 calls`. */
export function counted(value: number, one: string): string {
  return `${count(value)} ${one}${value === 1 ? '' : 's'}`;
}

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds in a duration such as `90s`, `15m`, `24h`, `30d`, `2w`. @throws CliError with exit code 2. */
export function durationSeconds(text: string, option: string): number {
  const [, amount, unit] = /^([0-9]+)([smhdw])$/.exec(text) ?? [];
  const seconds = unitSeconds[unit ?? ''];
  if (amount === undefined || seconds === undefined)
    throw new CliError(2, `--${option} takes a duration like 90s, 15m, 24h or 30d, not "${text}".`);
  return Number(amount) * seconds;
}

/**
 * A moment typed as ISO 8601, as a date (its midnight, UTC), or as a duration: ahead of now for what is to come, back
 * from now for what has been; as ISO 8601 in UTC. @throws CliError with exit code 2.
 */
export function typedMoment(text: string, option: string, nowMs: number, direction: 'ahead' | 'back' = 'ahead'): string {
  const isBack = direction === 'back';
  if (/^[0-9]+[smhdw]$/.test(text)) return new Date(nowMs + durationSeconds(text, option) * (isBack ? -1000 : 1000)).toISOString();
  const timeMs = /^\d{4}-\d{2}-\d{2}(T|$)/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(timeMs))
    throw new CliError(
      2,
      `--${option} takes a date, a time (2027-01-31T12:00:00Z) or a duration ${isBack ? 'back from now (24h)' : 'from now (30d)'}, not "${text}".`,
    );
  return new Date(timeMs).toISOString();
}
