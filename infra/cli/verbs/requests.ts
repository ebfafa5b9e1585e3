import { type CallAnswer, callSchema } from '../call-answers.ts';
import { duration } from '../describe-call.ts';
import { count, moment, money, typedMoment } from '../format.ts';
import { listAll } from '../list-all.ts';
import { textTable } from '../text-table.ts';
import type { OptionValues, Verb, VerbOption } from '../verb.ts';

const usualLength = 30;

/** Options that choose calls, for every verb that lists them. */
export const callFilterOptions: Readonly<Record<string, VerbOption>> = {
  key: { type: 'string', value: '<id>', help: 'Only calls with this key.' },
  team: { type: 'string', value: '<id>', help: 'Only calls of this team.' },
  model: { type: 'string', value: '<model>', help: 'Only calls for this model, as asked for or as served.' },
  provider: { type: 'string', value: '<id>', help: 'Only calls this provider answered.' },
  status: { type: 'string', value: '<status>', help: 'Only this status, such as 429, or class, such as 5xx.' },
  error: { type: 'string', value: '<code>', help: 'Only this error, such as budget_exceeded.' },
  ending: { type: 'string', value: '<ending>', help: 'answered, refused, failed, client_gone, truncated or crashed.' },
  session: { type: 'string', value: '<id>', help: 'Only calls of this session.' },
  trace: { type: 'string', value: '<id>', help: 'Only calls of this trace: the second part of a traceparent.' },
  tag: { type: 'string', value: '<name=value>', help: 'Only calls with this tag.' },
  app: { type: 'string', value: '<name>', help: 'Only calls of this app, as it calls itself.' },
  'user-agent': { type: 'string', value: '<text>', help: 'Only calls whose user agent has this in it.' },
};

/** Those options as query parameters. */
export function callFilters(options: OptionValues): Record<string, string | undefined> {
  return Object.fromEntries(Object.keys(callFilterOptions).map((name) => [name.replaceAll('-', '_'), options.text(name)]));
}

/** `sluice requests` */
export const requests: Verb = {
  words: ['requests'],
  summary: 'List calls, newest first.',
  positionals: [],
  options: {
    ...callFilterOptions,
    from: { type: 'string', value: '<when>', help: 'Only calls that began at this time or later; 24h: a day ago.' },
    to: { type: 'string', value: '<when>', help: 'Only calls that began before this time.' },
    limit: { type: 'string', value: '<n>', help: `How many. Default ${usualLength}.` },
  },
  async run({ options, api, output, nowMs }) {
    const typed = (name: string) => {
      const text = options.text(name);
      return text === undefined ? undefined : typedMoment(text, name, nowMs, 'back');
    };
    const query = { ...callFilters(options), from: typed('from'), to: typed('to') };
    const calls = await listAll(api, '/admin/requests', callSchema, query, options.count('limit', 1) ?? usualLength);
    output.show(calls, () =>
      textTable<CallAnswer>(
        calls,
        [
          { title: 'began', cell: (call) => `${moment(call.created_at).replace(' UTC', '')}:${call.created_at.slice(17, 19)}` },
          { title: 'ended', cell: (call) => call.error ?? call.ending.replace('_', ' '), shrinks: true },
          { title: 'model', cell: (call) => call.served_by ?? call.model ?? '-', shrinks: true },
          { title: 'tokens', cell: (call) => `${count(call.usage.input_tokens)}→${count(call.usage.output_tokens)}` },
          { title: 'cost', cell: (call) => (call.cost_usd === null ? 'unpriced' : money(call.cost_usd)) },
          { title: 'time', cell: (call) => duration(call.duration_ms) },
          { title: 'id', cell: (call) => call.id },
        ],
        output.columns,
        'No such calls.',
      ),
    );
  },
};
