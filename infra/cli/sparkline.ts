const bars = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** Values as a row of bars, the highest filling the line; nothing at all is a space. */
export function sparkline(values: readonly number[]): string {
  const highest = Math.max(0, ...values);
  return values
    .map((value) => (value <= 0 ? ' ' : (bars[Math.min(bars.length - 1, Math.floor((value / highest) * bars.length))] ?? '█')))
    .join('');
}
