/** A table as RFC 4180 has it; the first line names the columns. */
export function csv(lines: readonly (readonly (string | number | null)[])[]): string {
  return `${lines.map(csvLine).join('\r\n')}\r\n`;
}

/** A value that a spreadsheet would take for a formula is made text, because tags come from callers. */
function csvLine(values: readonly (string | number | null)[]): string {
  return values
    .map((value) => {
      if (value === null) return '';
      if (typeof value === 'number') return decimal(value);
      const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    })
    .join(',');
}

/** Without exponents, which spreadsheets read in their own ways. */
function decimal(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(9).replace(/0+$/, '');
}
