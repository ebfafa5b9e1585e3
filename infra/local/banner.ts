import { styleText } from 'node:util';

/** What is worth knowing when the gateway stands. */
export interface BannerFacts {
  readonly version: string;
  readonly url: string;
  readonly adminKey: string;
  /** Undefined when none could be made. */
  readonly firstKey: string | undefined;
  readonly hasConsole: boolean;
  /** Where data lives, in words. */
  readonly data: string;
  readonly log: string | undefined;
}

/** Renders the facts for a person at a terminal; the last line is the one by which programs know that the gateway is ready. */
export function renderBanner(facts: BannerFacts, color: boolean): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    color ? styleText(style, text, { validateStream: false }) : text;
  const rows: [string, string | undefined][] = [
    ['base URL', `${facts.url}/v1`],
    ['admin key', facts.adminKey],
    ['first key', facts.firstKey],
    ['console', facts.hasConsole ? `${facts.url}/console` : undefined],
    ['data', facts.data],
    ['log', facts.log],
  ];
  const lines = ['', `  ${paint('bold', 'Sluice')} ${paint('dim', facts.version)}`, ''];
  for (const [name, value] of rows) if (value !== undefined) lines.push(`  ${paint('dim', name.padEnd(11))}${value}`);
  if (facts.firstKey !== undefined) lines.push('', `  ${paint('dim', 'Try it:')}`, '', curlLine(facts.url, facts.firstKey));
  lines.push('', paint('green', `sluice ready on ${facts.url}`), '');
  return lines.join('\n');
}

/** A streamed chat completion that costs nothing, to be pasted into any shell. */
function curlLine(url: string, key: string): string {
  const body = JSON.stringify({ model: 'echo/ok', stream: true, messages: [{ role: 'user', content: 'Hello, Sluice' }] });
  return `curl -N ${url}/v1/chat/completions -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' -d '${body}'`;
}
