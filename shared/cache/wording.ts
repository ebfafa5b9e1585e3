import { createHash } from 'node:crypto';
import type { Call, DialectName } from '../calls/call.ts';
import type { JsonObject, JsonValue } from '../calls/json.ts';
import type { Translation } from '../dialects/translation.ts';
import { transportFields } from './transport-fields.ts';

/**
 * Fields that say the same in every dialect once they are translated. A call that says anything else keeps to the entries
 * of its own dialect: what a translation makes of it might be less than it says.
 */
const plainFields: Partial<Record<DialectName, ReadonlySet<string>>> = {
  'chat-completions': new Set([
    'messages',
    'max_tokens',
    'max_completion_tokens',
    'temperature',
    'top_p',
    'stop',
    'seed',
    'presence_penalty',
    'frequency_penalty',
    'tools',
    'tool_choice',
    'response_format',
  ]),
  messages: new Set(['messages', 'system', 'max_tokens', 'temperature', 'top_p', 'top_k', 'stop_sequences', 'tools', 'tool_choice']),
  responses: new Set(['input', 'instructions', 'max_output_tokens', 'temperature', 'top_p', 'tools', 'tool_choice']),
  gemini: new Set(['contents', 'systemInstruction', 'generationConfig', 'tools', 'toolConfig']),
};

/**
 * A call in the words in which it goes to each of its targets, all of which are asked by translation: calls of different
 * dialects with the same words are the same question, and the model's answer can be told in each of their dialects.
 * Undefined where the words might say less than the call.
 */
export function wordingOf(
  call: Call,
  translation: Pick<Translation, 'toOptions'>,
  targets: readonly { readonly overrides: Readonly<JsonObject> }[],
): JsonValue[] | undefined {
  const plain = plainFields[call.dialect];
  if (plain === undefined || call.strict === true) return undefined;
  const meaning: JsonObject = { ...call.body };
  for (const field of transportFields[call.dialect]) delete meaning[field];
  const words: JsonValue[] = [];
  for (const { overrides } of targets) {
    const body = { ...meaning, ...overrides };
    if (!Object.keys(body).every((field) => plain.has(field))) return undefined;
    const { options, dropped, optional = [] } = translation.toOptions({ ...call, body: { ...body, model: call.model } });
    if (dropped.length > 0 || optional.length > 0) return undefined;
    words.push(JSON.parse(JSON.stringify(options, withoutBytes)));
  }
  return words;
}

function withoutBytes(_name: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { sha256: createHash('sha256').update(value).digest('hex') } : value;
}
