import * as z from 'zod';
import { CliError } from '../cli-error.ts';
import type { Verb } from '../verb.ts';

const purgedSchema = z.looseObject({ in_effect_within_seconds: z.number(), found: z.boolean().optional() });

/** `sluice cache purge` */
export const cachePurge: Verb = {
  words: ['cache', 'purge'],
  summary: 'Forget cached answers.',
  positionals: [],
  options: {
    namespace: { type: 'string', value: '<name>', help: 'Those of one x-sluice-cache-namespace.' },
    model: { type: 'string', value: '<name>', help: 'Those asked of a route or a model, or given by provider/model.' },
    key: { type: 'string', value: '<cache key>', help: 'The one that x-sluice-cache-key names.' },
    all: { type: 'boolean', help: 'All of them.' },
  },
  notes: 'Takes exactly one of these options.',
  async run({ options, api, output }) {
    const query = new URLSearchParams();
    for (const name of ['namespace', 'model', 'key']) {
      const value = options.text(name);
      if (value !== undefined) query.set(name, value);
    }
    if (options.flag('all')) query.set('all', 'true');
    if (query.size !== 1) throw new CliError(2, '"sluice cache purge" takes exactly one of --namespace, --model, --key and --all.');
    const purged = await api.call('DELETE', `/admin/cache?${query}`, purgedSchema);
    output.show(purged, () => {
      if (purged.found === false) return 'There was no such answer.';
      const seconds = purged.in_effect_within_seconds;
      return seconds === 0 ? 'Forgotten.' : `Forgotten; in effect everywhere within ${seconds} s.`;
    });
  },
};
