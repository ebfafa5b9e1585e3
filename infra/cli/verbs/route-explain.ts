import * as z from 'zod';
import { CliError } from '../cli-error.ts';
import { money } from '../format.ts';
import type { OptionValues, Verb } from '../verb.ts';

const healthSchema = z.looseObject({
  region: z.string().optional(),
  breaker: z.string(),
  open_until: z.string().nullable(),
  first_content_ms: z.number().nullable(),
});
const targetSchema = z.looseObject({
  target: z.string(),
  why: z.string().nullable(),
  estimated_cost_usd: z.number().nullable(),
  health: z.union([healthSchema, z.array(healthSchema)]),
});
const explanationSchema = z.looseObject({
  model: z.string(),
  route: z.string().nullable(),
  config_version: z.number(),
  targets: z.array(targetSchema),
  on_context_length: z.array(targetSchema),
  on_content_policy: z.array(targetSchema),
  mirror: z.string().nullable(),
  left_out: z.array(z.looseObject({ target: z.string(), reason: z.string() })),
});

/** `sluice route explain <model>` */
export const routeExplain: Verb = {
  words: ['route', 'explain'],
  summary: 'Say which targets a call would try, in what order, why, and at what cost.',
  positionals: ['model'],
  options: {
    tag: { type: 'string', multiple: true, value: '<name=value>', help: 'A tag of the call. May be repeated.' },
    key: { type: 'string', value: '<id>', help: 'As a call of this key.' },
    team: { type: 'string', value: '<id>', help: 'As a call of this team.' },
    user: { type: 'string', value: '<name>', help: 'For this end user.' },
    session: { type: 'string', value: '<name>', help: 'In this session.' },
    'input-tokens': { type: 'string', value: '<n>', help: 'Length of the input. Default 1000.' },
    'max-tokens': { type: 'string', value: '<n>', help: 'Bound of the output.' },
    images: { type: 'string', value: '<n>', help: 'How many images it holds.' },
    dialect: { type: 'string', value: '<name>', help: 'As a call of this API: messages, responses, gemini … Default chat-completions.' },
    stream: { type: 'boolean', help: 'As a streamed call.' },
    parameters: { type: 'string', value: '<json>', help: 'Further fields of the request body, as a JSON object.' },
  },
  async run({ positionals: [model = ''], options, api, output }) {
    const explanation = await api.call('POST', '/admin/route/explain', explanationSchema, questionFrom(model, options));
    output.show(explanation, () => lines(explanation).join('\n'));
  },
};

function questionFrom(model: string, options: OptionValues): object {
  const fields = {
    key: options.text('key'),
    team: options.text('team'),
    user: options.text('user'),
    session: options.text('session'),
    input_tokens: options.count('input-tokens', 0),
    max_tokens: options.count('max-tokens', 1),
    images: options.count('images', 0),
    dialect: options.text('dialect'),
    parameters: parametersFrom(options.text('parameters')),
  };
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  return { model, tags: Object.fromEntries(options.texts('tag').map(tagFrom)), stream: options.flag('stream'), ...given };
}

function tagFrom(text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new CliError(2, `--tag takes name=value, not "${text}".`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

function parametersFrom(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CliError(2, '--parameters takes a JSON object, such as \'{"temperature": 0}\'.', error);
  }
}

type Explanation = z.infer<typeof explanationSchema>;

function lines({
  model,
  route,
  config_version: version,
  targets,
  on_context_length,
  on_content_policy,
  mirror,
  left_out,
}: Explanation): string[] {
  const head = route === null ? `${model} (configuration ${version})` : `${model}: route ${route} (configuration ${version})`;
  return [
    head,
    ...targets.map((target, index) => targetLine(`${index + 1}.`, target)),
    ...on_context_length.map((target) => targetLine('too long:', target)),
    ...on_content_policy.map((target) => targetLine('refused content:', target)),
    ...(mirror === null ? [] : [`  mirrored to ${mirror}`]),
    ...left_out.map(({ target, reason }) => `  left out: ${target}: ${reason}`),
  ];
}

function targetLine(place: string, { target, why, estimated_cost_usd: cost, health }: z.infer<typeof targetSchema>): string {
  const price = cost === null ? 'no price known' : `about ${money(cost)}`;
  const open = [health].flat().filter(({ breaker }) => breaker !== 'closed');
  const state =
    open.length === 0
      ? ''
      : `, breaker ${open.map(({ breaker, region }) => (region === undefined ? breaker : `${breaker} in ${region}`)).join(', ')}`;
  return `  ${place} ${target}  ${why ?? ''}${why === null ? '' : '; '}${price}${state}`;
}
