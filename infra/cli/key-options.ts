import type { KeyAnswer } from './answers.ts';
import { CliError } from './cli-error.ts';
import { limitsInOneLine, row } from './describe-limits.ts';
import { moment } from './format.ts';
import type { OptionValues, VerbOption } from './verb.ts';

/** Options that `keys create` and `keys update` share, limits apart. */
export const keyOptions: Readonly<Record<string, VerbOption>> = {
  team: { type: 'string', value: '<id>', help: 'The team it belongs to.' },
  user: { type: 'string', value: '<id>', help: 'The user it belongs to.' },
  org: { type: 'string', value: '<id>', help: 'The organisation it belongs to.' },
  model: {
    type: 'string',
    multiple: true,
    value: '<pattern>',
    help: "A model it may call, such as openai/*, or not, such as '!openai/o3*'. May repeat.",
  },
  tag: { type: 'string', multiple: true, value: '<name=value>', help: 'A label for reports and routing. May repeat.' },
  expires: { type: 'string', value: '<when>', help: 'A date, a time or a duration from now: 2027-01-31, 30d.' },
};

/** The settings the options name, as the API takes them; `none` becomes null. @throws CliError with exit code 2. */
export function settingsFrom(options: OptionValues): Record<string, unknown> {
  const settings: Record<string, unknown> = groupSettingsFrom(options);
  for (const [option, field] of [
    ['team', 'team'],
    ['user', 'user'],
    ['org', 'organization'],
  ] as const) {
    const value = options.text(option);
    if (value !== undefined) settings[field] = value === 'none' ? null : value;
  }
  return settings;
}

/** `--model` and `--tag`, as the API takes them; `none` becomes null. @throws CliError with exit code 2. */
export function groupSettingsFrom(options: OptionValues): Record<string, unknown> {
  const models = options.texts('model');
  const tags = options.texts('tag');
  return {
    ...(models.length > 0 && { models: models.includes('none') ? null : models }),
    ...(tags.length > 0 && { tags: tags.includes('none') ? null : Object.fromEntries(tags.map(tagFrom)) }),
  };
}

function tagFrom(text: string): [string, string] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new CliError(2, `--tag takes name=value, not "${text}".`);
  return [text.slice(0, equals), text.slice(equals + 1)];
}

/** Whether a key lets calls in, in one word. */
export function keyState(key: KeyAnswer, nowMs: number): string {
  if (key.disabled) return 'disabled';
  return key.expires_at !== null && Date.parse(key.expires_at) <= nowMs ? 'expired' : 'active';
}

/** Team, user and organisation of a key in one cell. */
export function keyOwner(key: KeyAnswer): string {
  return [key.team, key.user, key.organization].filter((owner) => owner !== null).join(' / ') || '-';
}

/** A key, line by line, without how it stands. */
export function keyLines(key: KeyAnswer, nowMs: number): string[] {
  const expires = key.expires_at === null ? '' : `, ${keyState(key, nowMs) === 'expired' ? 'since' : 'until'} ${moment(key.expires_at)}`;
  const optional: readonly (readonly [string, string | null])[] = [
    ['team', key.team],
    ['user', key.user],
    ['organisation', key.organization],
    ['models', key.models?.join(', ') ?? null],
    ['tags', key.tags && tagsInOneLine(key.tags)],
    ['limits', key.limits && limitsInOneLine(key.limits)],
  ];
  return [
    `${key.id}  ${key.name}`,
    row('secret', `${key.prefix}…`),
    ...key.replaced_secrets.map((old) => row('', `${old.prefix}… until ${old.valid_until === null ? 'revoked' : moment(old.valid_until)}`)),
    row('state', `${keyState(key, nowMs)}${expires}`),
    row('created', moment(key.created_at)),
    ...optional.flatMap(([label, value]) => (value === null ? [] : [row(label, value)])),
  ];
}

/** Tags in one cell. */
export function tagsInOneLine(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}
