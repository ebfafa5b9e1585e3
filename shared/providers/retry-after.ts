/**
 * How long a provider asks to wait, in milliseconds: `retry-after-ms` (OpenAI, Azure), `Retry-After` in seconds or as a
 * date (RFC 9110 section 10.2.3). Undefined when it does not say, or says nonsense.
 */
export function retryAfterMs(headers: Readonly<Record<string, string>>, nowMs: number): number | undefined {
  const millis = Number.parseFloat(headers['retry-after-ms'] ?? '');
  if (millis >= 0) return Math.ceil(millis);
  const value = headers['retry-after']?.trim();
  if (value === undefined || value === '') return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Math.ceil(Number.parseFloat(value) * 1000);
  // Date.parse takes far more for a date than HTTP does, such as '-3'.
  const date = /^[A-Za-z]{3,9},? /.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
