/** Sums of calls, as `GET /admin/usage` shows them, as far as the console reads them. */
export interface UsageSums {
  readonly calls: number;
  readonly errors: number;
  readonly refusals: number;
  readonly cache_hits: number;
  readonly fallbacks: number;
  readonly input_tokens: number;
  readonly cached_input_tokens: number;
  readonly output_tokens: number;
  readonly cost_usd: number;
  readonly saved_usd: number;
  readonly unpriced_calls: number;
  readonly average_ms: number;
}

/** A row carries, beside the sums, the value of each group it was asked by; null where the calls had none. */
export type UsageRow = UsageSums & Readonly<Record<string, string | number | null>>;

/** A report. */
export interface UsageReport {
  readonly from: string;
  readonly to: string;
  readonly data: readonly UsageRow[];
  /** Null where a call may stand in several rows. */
  readonly total: UsageSums | null;
}

/** What can be drawn of usage. */
export const measures = {
  cost: { name: 'Cost', of: (row: UsageSums) => row.cost_usd },
  calls: { name: 'Calls', of: (row: UsageSums) => row.calls },
  tokens: { name: 'Tokens', of: (row: UsageSums) => row.input_tokens + row.output_tokens },
  errors: { name: 'Errors and refusals', of: (row: UsageSums) => row.errors + row.refusals },
} as const;

export type Measure = keyof typeof measures;

/** The hours or days of a report, from its first to its last, as its rows name them. */
export function spansOf(report: UsageReport, span: 'hour' | 'day'): string[] {
  const stepMs = span === 'hour' ? 3_600_000 : 86_400_000;
  const spans: string[] = [];
  for (let ms = Date.parse(report.from); ms < Date.parse(report.to); ms += stepMs) {
    const iso = new Date(ms).toISOString();
    spans.push(span === 'hour' ? `${iso.slice(0, 13)}:00:00Z` : iso.slice(0, 10));
  }
  return spans;
}
