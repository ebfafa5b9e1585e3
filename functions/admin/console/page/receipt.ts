import type { renderCallRecord } from '../../../../shared/telemetry/render-call-record.ts';
import { type Child, h } from './dom.ts';
import { count, duration, moment, usd } from './format.ts';
import { type KeptPayload, saidDetails } from './said.ts';
import { badge, copyButton, facts, hrefTo, panel, table } from './view.ts';

/** One call, as both planes show it. */
export type CallReceipt = ReturnType<typeof renderCallRecord> & KeptPayload;

const endingTones = { answered: 'good', refused: 'warn', failed: 'bad', client_gone: 'warn', truncated: 'warn', crashed: 'bad' } as const;
const endingNames = {
  answered: 'answered',
  refused: 'refused',
  failed: 'failed',
  client_gone: 'client left',
  truncated: 'cut at budget',
  crashed: 'crashed',
} as const;

/** How a call ended, as a badge. */
export function endingBadge({ ending, status }: Pick<CallReceipt, 'ending' | 'status'>): HTMLElement {
  return badge(`${endingNames[ending]}${status === null || ending === 'answered' ? '' : ` ${status}`}`, endingTones[ending]);
}

/** The stations a call passed, in order: limits, cache, each attempt. */
export function wayOf(call: CallReceipt): HTMLElement {
  const stations: Child[] = [];
  const add = (text: string, tone: string): void => void stations.push(h('li', { class: `station ${tone}` }, text));
  if (call.refused_by) add(refusal(call.refused_by), 'bad');
  else if (call.ending === 'refused') add(call.error ?? 'refused', 'bad');
  else add(Object.keys(call.scopes).length > 0 ? 'within limits' : 'let in', 'good');
  if (call.cache !== null && call.cache !== 'bypass') add(`cache ${call.cache}`, call.cache === 'miss' ? 'plain' : 'good');
  for (const { target, said, good, times } of runsOf(call.attempts))
    add(`${target} ${said}${times > 1 ? ` ×${times}` : ''}`, good ? 'good' : 'bad');
  if (call.ending !== 'answered' && call.ending !== 'refused' && call.attempts.at(-1)?.outcome === 'answered')
    add(afterwards(call), endingTones[call.ending]);
  return h('ol', { class: 'way' }, stations);
}

/** What came after a provider had answered. */
function afterwards({ ending, error }: CallReceipt): string {
  return ending === 'failed' ? `then ${(error ?? 'failed').replaceAll('_', ' ')}` : endingNames[ending];
}

/** Which limit of whom refused a call. Scopes are named `kind#id`. */
function refusal({ scope, limit }: NonNullable<CallReceipt['refused_by']>): string {
  const [kind = '', id = ''] = scope.split('#');
  return `${limit} of the ${kind}${kind === 'key' || kind === 'gateway' ? '' : ` ${id}`}`;
}

/** Attempts in order, those alike that follow one another as one. */
function runsOf(attempts: CallReceipt['attempts']): { target: string; said: string; good: boolean; times: number }[] {
  const runs: { target: string; said: string; good: boolean; times: number }[] = [];
  for (const attempt of attempts) {
    const run = { target: attempt.target.split('?', 1)[0] ?? '', said: saidBy(attempt), good: isGood(attempt), times: 1 };
    const last = runs.at(-1);
    if (last && last.target === run.target && last.said === run.said && last.good === run.good) last.times += 1;
    else runs.push(run);
  }
  return runs;
}

/** The status, and what was wrong where the status does not say it. */
function saidBy({ status, outcome }: CallReceipt['attempts'][number]): string {
  if (status === null) return outcome.replaceAll('_', ' ');
  return status < 400 && outcome !== 'answered' ? `${status} ${outcome.replaceAll('_', ' ')}` : String(status);
}

function isGood({ outcome }: CallReceipt['attempts'][number]): boolean {
  return outcome === 'answered';
}

/** Everything there is to know of a call. */
export function receiptPanels(call: CallReceipt, links: { readonly admin?: boolean } = {}): readonly HTMLElement[] {
  return [
    panel(call.model ?? 'A call', { actions: endingBadge(call) }, wayOf(call), timeline(call), overview(call, links.admin === true)),
    panel('Cost and tokens', { class: 'narrow' }, moneyTable(call)),
    ...(call.payload
      ? [
          panel(
            'What was said',
            { note: 'Kept because the key or the route says so; secrets and personal data that can be told by their form are taken out.' },
            saidDetails(call),
          ),
        ]
      : []),
    panel(
      'The record itself',
      { actions: copyButton(() => recordText(call)) },
      h('details', null, h('summary', null, 'JSON'), h('pre', { class: 'code tall', tabindex: 0 }, recordText(call))),
    ),
  ];
}

/** Without what was said, which is no part of a record. */
function recordText({ payload: _payload, ...record }: CallReceipt): string {
  return JSON.stringify(record, null, 2);
}

function overview(call: CallReceipt, admin: boolean): HTMLElement {
  const linked = (view: string, id: string | null): Child => (id === null ? null : admin ? h('a', { href: hrefTo(view, id) }, id) : id);
  return facts([
    ['Request', [h('code', null, call.id), ' ', copyButton(() => call.id)]],
    ['Began', moment(call.created_at)],
    ['Cost', h('strong', null, call.cost_usd === null ? 'no known price' : usd(call.cost_usd))],
    ['First token after', call.first_token_ms === null ? null : duration(call.first_token_ms)],
    ['Whole call', duration(call.duration_ms)],
    ['Of that the gateway', duration(call.overhead_ms)],
    ['Output tokens a second', call.tokens_per_second === null ? null : count(call.tokens_per_second)],
    ['Served by', call.served_by],
    ['Cache', call.cache],
    ['Finish reason', call.finish_reason],
    ['Error', call.error],
    ['Dialect', `${call.dialect ?? '–'}${call.stream ? ', streamed' : ''}`],
    ['Key', linked('keys', call.key)],
    ['Team', call.team],
    ['User', call.user],
    ['End user', call.end_user],
    ['App', call.app],
    ['Client', call.user_agent],
    ['Session', linked('sessions', call.session)],
    ['Trace', linked('sessions', call.trace_id)],
    ['Tools called', call.tools.length === 0 ? null : call.tools.join(', ')],
    [
      'Tags',
      call.tags === null
        ? null
        : Object.entries(call.tags)
            .map(([name, value]) => `${name}=${value}`)
            .join(', '),
    ],
    ['Most that was held', call.held_nano_usd === null ? null : usd(call.held_nano_usd / 1e9)],
    ['Cost is', call.cost_stated ? 'what the provider said that it bills' : null],
    ['Tokens are', call.estimated ? 'upper bounds: the provider did not say' : null],
  ]);
}

function moneyTable(call: CallReceipt): HTMLElement {
  const parts = call.cost_parts_nano_usd ?? {};
  const rows = Object.entries(call.usage).filter(([name, value]) => value > 0 || name === 'input_tokens' || name === 'output_tokens');
  const spent = Object.entries(call.scopes).map(([scope, nanoUsd]) =>
    h(
      'tr',
      null,
      h('td', null, 'Charged to ', h('code', null, scope)),
      h('td', { class: 'number' }, ''),
      h('td', { class: 'number' }, usd(nanoUsd / 1e9)),
    ),
  );
  const costs = Object.entries(parts).map(([name, nanoUsd]) =>
    h(
      'tr',
      null,
      h('td', null, `Cost of ${words(name)}`),
      h('td', { class: 'number' }, ''),
      h('td', { class: 'number' }, usd(nanoUsd / 1e9)),
    ),
  );
  return table(
    'Cost and tokens',
    ['What', { text: 'Count', class: 'number' }, { text: 'USD', class: 'number' }],
    [
      ...rows.map(([name, value]) =>
        h('tr', null, h('td', null, words(name)), h('td', { class: 'number' }, count(value)), h('td', { class: 'number' }, '')),
      ),
      ...costs,
      ...spent,
    ],
  );
}

function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll('_', ' ');
}

function costOf({ cost_usd, estimated }: CallReceipt['attempts'][number]): string {
  if (cost_usd === 0) return '';
  return cost_usd === null ? ' · no known price' : ` · ${estimated ? '≤ ' : ''}${usd(cost_usd)}`;
}

/** When each attempt began, how long it took, and what it cost, on one scale. */
function timeline(call: CallReceipt): Child {
  const wholeMs = Math.max(call.duration_ms ?? 0, ...call.attempts.map(({ started_ms, latency_ms }) => (started_ms ?? 0) + latency_ms));
  if (wholeMs <= 0 || call.attempts.length === 0) return undefined;
  const row = (label: string, fromMs: number, lengthMs: number, tone: string, cost = ''): HTMLElement => {
    const span = h('span', { class: `span ${tone}` });
    span.style.left = `${(Math.min(fromMs, wholeMs) / wholeMs) * 100}%`;
    span.style.width = `max(3px, ${(Math.min(lengthMs, wholeMs - fromMs) / wholeMs) * 100}%)`;
    return h(
      'li',
      null,
      h('span', { class: 'span-label' }, label),
      h('span', { class: 'span-track', 'aria-hidden': 'true' }, span),
      h('span', { class: 'span-time' }, `${duration(lengthMs)}${cost}`),
    );
  };
  return h(
    'ul',
    { class: 'timeline', 'aria-label': 'Attempts over time' },
    call.attempts.map((attempt) =>
      row(
        `${attempt.target}${attempt.via === undefined ? '' : ` (${attempt.via})`} · ${saidBy(attempt)}${attempt.reason === null ? '' : `: ${attempt.reason}`}`,
        attempt.started_ms ?? 0,
        attempt.latency_ms,
        isGood(attempt) ? 'good' : 'bad',
        costOf(attempt),
      ),
    ),
    call.first_token_ms !== null &&
      call.duration_ms !== null &&
      row('first token to end', call.first_token_ms, call.duration_ms - call.first_token_ms, 'plain'),
  );
}
