import type { CallAnswer } from './call-answers.ts';
import { count, money } from './format.ts';

const marks: Readonly<Record<string, string>> = {
  answered: '✓',
  refused: '⊘',
  failed: '✗',
  client_gone: '↩',
  truncated: '✂',
  crashed: '☠',
};

/** A call in one line: when, how it ended, what was asked of whom, tokens, cost, time. */
export function callInOneLine(call: CallAnswer): string {
  const route = call.served_by === null || call.served_by === call.model ? (call.model ?? '-') : `${call.model ?? '-'} → ${call.served_by}`;
  const parts = [
    call.created_at.slice(11, 19),
    marks[call.ending] ?? '?',
    String(call.status ?? '---'),
    route,
    call.error ?? (call.ending === 'answered' ? (call.finish_reason ?? '') : call.ending.replace('_', ' ')),
    `${count(call.usage.input_tokens)}→${count(call.usage.output_tokens)} tok`,
    call.cost_usd === null ? 'unpriced' : money(call.cost_usd),
    duration(call.duration_ms),
    call.attempts.length > 1 ? `${call.attempts.length} attempts` : '',
    call.cache !== null && call.cache !== 'miss' && call.cache !== 'bypass' ? `cache ${call.cache}` : '',
    call.key ?? 'no key',
    call.id,
  ];
  return parts.filter((part) => part !== '').join('  ');
}

/** All there is to know of a call, in lines. */
export function callInDetail(call: CallAnswer): string {
  const lines: [string, string | undefined][] = [
    ['call', call.id],
    ['began', call.created_at],
    ['ended', `${call.ending.replace('_', ' ')} after ${duration(call.duration_ms)}, status ${call.status ?? 'none'}`],
    ['error', call.error ?? undefined],
    ['refused by', call.refused_by === null ? undefined : `${call.refused_by.scope}: ${call.refused_by.limit}, ${call.refused_by.reason}`],
    ['key', call.key ?? 'none'],
    ['team', call.team ?? undefined],
    ['end user', call.end_user ?? undefined],
    ['tags', call.tags === null ? undefined : pairs(call.tags)],
    ['session', call.session ?? undefined],
    ['app', call.app ?? undefined],
    ['client', call.user_agent ?? undefined],
    ['model', `${call.model ?? '-'}${call.served_by === null ? '' : `, served by ${call.served_by}`}${call.stream ? ', streamed' : ''}`],
    ['finish', call.finish_reason ?? undefined],
    ['tools', call.tools.length === 0 ? undefined : call.tools.join(', ')],
    ['tokens', tokens(call)],
    ['cost', cost(call)],
    ['charged', Object.keys(call.scopes).length === 0 ? undefined : pairs(mapped(call.scopes, (nano) => money(nano / 1e9)))],
    ['cache', call.cache === null ? undefined : `${call.cache}${call.saved_usd > 0 ? `, saved ${money(call.saved_usd)}` : ''}`],
    ['clamped', call.max_output_tokens === null ? undefined : `to ${count(call.max_output_tokens)} output tokens`],
    ['speed', speed(call)],
    ...call.attempts.map((attempt, index): [string, string] => [index === 0 ? 'attempts' : '', attemptLine(attempt)]),
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  const shown = lines.flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(width)}  ${value}`]));
  return [...shown, ...payloadLines(call)].join('\n');
}

/** A time for people: milliseconds, or seconds where they are many. */
export function duration(ms: number | null): string {
  if (ms === null) return '-';
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function attemptLine(attempt: CallAnswer['attempts'][number]): string {
  const { target, via, started_ms, latency_ms, status, outcome, reason } = attempt;
  const at = started_ms === null ? '' : `at ${duration(started_ms)}: `;
  const ended = `${outcome.replaceAll('_', ' ')}${status === null ? '' : ` (${status})`} in ${duration(latency_ms)}`;
  return `${at}${target}${via === undefined ? '' : ` (${via})`}  ${ended}${attemptCost(attempt)}${reason ? `: ${reason}` : ''}`;
}

/** What an attempt cost, where it cost anything; a gateway older than this program does not say. */
export function attemptCost({ cost_usd, estimated }: CallAnswer['attempts'][number]): string {
  if (cost_usd === undefined || cost_usd === 0) return '';
  return cost_usd === null ? ', no price is known' : `, ${money(cost_usd)}${estimated ? ' at most' : ''}`;
}

function tokens({ usage, estimated }: CallAnswer): string {
  const inside = (part: number, name: string) => (part > 0 ? ` (${count(part)} ${name})` : '');
  const input = `${count(usage.input_tokens)} in${inside(usage.cached_input_tokens, 'cached')}`;
  const output = `${count(usage.output_tokens)} out${inside(usage.reasoning_tokens, 'reasoning')}`;
  return `${input}, ${output}${estimated ? ', an upper bound: the provider did not say' : ''}`;
}

function cost({ cost_usd, cost_parts_nano_usd, cost_stated }: CallAnswer): string {
  if (cost_usd === null) return 'no price is known';
  const parts = cost_parts_nano_usd === null ? '' : `: ${pairs(mapped(cost_parts_nano_usd, (nano) => money(nano / 1e9)))}`;
  return `${money(cost_usd)}${cost_stated === true ? ', as the provider bills it' : ''}${parts}`;
}

function speed({ first_token_ms, tokens_per_second, overhead_ms }: CallAnswer): string | undefined {
  const parts = [
    first_token_ms === null ? undefined : `first token after ${duration(first_token_ms)}`,
    tokens_per_second === null ? undefined : `${tokens_per_second} tokens a second`,
    overhead_ms === null ? undefined : `${overhead_ms} ms of the gateway's own`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(', ');
}

function payloadLines({ payload }: CallAnswer): string[] {
  if (!payload) return [];
  return ['', 'request', indented(payload.request), '', 'response', indented(payload.response)];
}

function indented(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
  return (text ?? '').replace(/^/gm, '  ');
}

function pairs(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

function mapped(values: Readonly<Record<string, number>>, show: (value: number) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, show(value)]));
}
