import { type Child, h } from './dom.ts';
import { count, duration, plural, usd } from './format.ts';
import { type CallReceipt, endingBadge, wayOf } from './receipt.ts';
import { saidDetails } from './said.ts';
import { emptyState, facts, hrefTo, type Place, panel, table, type View } from './view.ts';

/** The calls of one session or trace, in order. */
export const sessionsView: View = { id: 'sessions', title: 'Session', unlisted: true, render };

interface Session {
  readonly id: string;
  readonly calls: number;
  readonly failed_calls: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cost_usd: number;
  readonly model_ms: number;
  readonly truncated: boolean;
  readonly steps: readonly (CallReceipt & { readonly step: number; readonly running_cost_usd: number })[];
}

async function render(place: Place): Promise<Child> {
  if (place.argument === undefined)
    return emptyState(
      'Which session?',
      'Open one from a request that names its session or trace.',
      h('a', { href: hrefTo('requests') }, 'Requests'),
    );
  const session: Session = await place.session.api.get(`/admin/sessions/${encodeURIComponent(place.argument)}`, { signal: place.signal });
  const number = (text: string): { text: string; class: string } => ({ text, class: 'number' });
  const columns = [
    'Step',
    'Ended',
    'Model',
    'Way',
    'Tools called',
    number('Tokens in / out'),
    number('Time'),
    number('Cost'),
    number('So far'),
  ];
  return [
    h('p', { class: 'crumbs' }, h('a', { href: hrefTo('requests') }, 'All requests')),
    panel(
      session.id,
      {},
      facts([
        ['Calls', `${plural(session.calls, 'call')}, ${session.failed_calls} not answered`],
        ['Cost', h('strong', null, usd(session.cost_usd))],
        ['Tokens in / out', `${count(session.input_tokens)} / ${count(session.output_tokens)}`],
        ['Time in calls', duration(session.model_ms)],
      ]),
    ),
    panel(
      'Steps',
      { note: session.truncated ? 'Only the first steps are shown.' : undefined },
      table(
        'Steps in order',
        columns,
        session.steps.flatMap((step) => [stepRow(step), saidRow(step, columns.length)]),
      ),
    ),
  ];
}

/** What was said in a step, below it, where that was kept. */
function saidRow(step: Session['steps'][number], width: number): Child {
  return step.payload ? h('tr', null, h('td', { colspan: width }, saidDetails(step))) : undefined;
}

function stepRow(step: Session['steps'][number]): HTMLElement {
  return h(
    'tr',
    null,
    h('td', null, h('a', { href: hrefTo('requests', step.id) }, step.step)),
    h('td', null, endingBadge(step)),
    h('td', { class: 'mono' }, step.model ?? '–'),
    h('td', null, wayOf(step)),
    h('td', { class: 'mono small' }, step.tools.join(', ') || '–'),
    h('td', { class: 'number' }, `${count(step.usage.input_tokens)} / ${count(step.usage.output_tokens)}`),
    h('td', { class: 'number' }, duration(step.duration_ms)),
    h('td', { class: 'number' }, usd(step.cost_usd)),
    h('td', { class: 'number' }, usd(step.running_cost_usd)),
  );
}
