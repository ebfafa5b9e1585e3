import { setTimeout as sleep } from 'node:timers/promises';
import { callSchema } from '../call-answers.ts';
import { CliError } from '../cli-error.ts';
import { callInDetail, callInOneLine } from '../describe-call.ts';
import { durationSeconds } from '../format.ts';
import { listAll } from '../list-all.ts';
import type { Verb } from '../verb.ts';
import { callFilterOptions, callFilters } from './requests.ts';

const pollMs = 1_000;
const usualHistory = 10;

/** What is looked at each time; a gateway that ends more calls a second is read with filters. */
const mostAtOnce = 200;

/** `sluice logs tail` */
export const logsTail: Verb = {
  words: ['logs', 'tail'],
  summary: 'Show calls as they end, until Ctrl-C.',
  positionals: [],
  options: {
    ...callFilterOptions,
    last: { type: 'string', value: '<n>', help: `How many that have ended already come first. Default ${usualHistory}.` },
    for: { type: 'string', value: '<duration>', help: 'Stop after this time, such as 10m.' },
  },
  async run({ options, api, output }) {
    const filters = callFilters(options);
    const limit = options.text('for');
    const endAtMs = limit === undefined ? Number.POSITIVE_INFINITY : Date.now() + durationSeconds(limit, 'for') * 1000;
    const seen = new Set<string>();
    let wanted = options.count('last', 0) ?? usualHistory;
    for (;;) {
      const calls = await listAll(api, '/admin/requests', callSchema, filters, mostAtOnce);
      const fresh = calls.filter(({ id }) => !seen.has(id));
      for (const { id } of fresh) seen.add(id);
      const shown = fresh.slice(0, wanted).sort((one, other) => one.ended_at.localeCompare(other.ended_at));
      for (const call of shown) output.show(call, () => callInOneLine(call));
      wanted = mostAtOnce;
      if (Date.now() + pollMs > endAtMs) return;
      await sleep(pollMs);
    }
  },
};

/** `sluice logs show` */
export const logsShow: Verb = {
  words: ['logs', 'show'],
  summary: 'Show everything about one call.',
  positionals: ['id'],
  options: {},
  notes: 'Prompt and answer are shown where payload logging is on for the key or route.',
  async run({ positionals, api, output }) {
    const [id = ''] = positionals;
    const call = await api.find(`/admin/requests/${encodeURIComponent(id)}`, callSchema);
    if (call === undefined) throw new CliError(1, `There is no record of a call "${id}": it is under way, or older than records are kept.`);
    output.show(call, () => callInDetail(call));
  },
};
