/** US dollars: cents for what is worth dollars, more digits the smaller the sum. */
export function usd(amount: number | null | undefined): string {
  if (amount === null || amount === undefined) return '–';
  const size = Math.abs(amount);
  if (size === 0) return '$0.00';
  if (size >= 1_000_000) return `$${new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 }).format(amount)}`;
  if (size >= 1) return `$${amount.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  if (size >= 0.01) return `$${amount.toFixed(4).replace(/00$/, '')}`;
  return `$${amount.toFixed(9).replace(/0+$/, '')}`;
}

/** A count: whole up to five digits, then 12.3K, 4.56M. */
export function count(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (Math.abs(value) < 100_000) return value.toLocaleString('en', { maximumFractionDigits: 0 });
  return new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 3 }).format(value);
}

/** A span of milliseconds in the unit a person would say it in. */
export function duration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–';
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** A share of 1 in percent. */
export function percent(share: number): string {
  if (!Number.isFinite(share)) return '–';
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

/** A moment in the reader's own time zone; today's without the day. */
export function moment(iso: string | null | undefined): string {
  if (!iso) return '–';
  const time = new Date(iso);
  const sameDay = time.toDateString() === new Date().toDateString();
  const clock = time.toLocaleTimeString('en-GB');
  const date = time.getFullYear() === new Date().getFullYear() ? day(iso).replace(/ \d{4}$/, '') : day(iso);
  return sameDay ? clock : `${date}, ${clock.slice(0, 5)}`;
}

/** A day in the reader's own time zone. */
export function day(iso: string): string {
  return new Date(iso).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
}

/** How far a moment lies ahead, roughly. */
export function until(iso: string | null | undefined): string {
  if (!iso) return 'never';
  const left = Date.parse(iso) - Date.now();
  if (left <= 0) return 'now';
  if (left < 60_000) return `in ${Math.ceil(left / 1000)} s`;
  if (left < 3_600_000) return `in ${Math.round(left / 60_000)} min`;
  if (left < 48 * 3_600_000) return `in ${Math.round(left / 3_600_000)} h`;
  return `in ${Math.round(left / 86_400_000)} days`;
}

/** `1 call`, `2 calls`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
