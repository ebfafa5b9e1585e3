import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import type { CallFacts } from './call-facts.ts';

/** What a model has to be able to, as the catalogue names it. */
export type Ability = 'tools' | 'json-schema' | 'reasoning';

/** A kind of input beside text, as the catalogue names it. */
export type InputKind = 'image' | 'audio' | 'pdf';

/** What a request needs of a model, in whatever dialect's words it asks. */
export function askedAbilities({ body }: Pick<CallFacts, 'body'>): readonly Ability[] {
  const asked: readonly (readonly [Ability, boolean])[] = [
    ['tools', Array.isArray(body.tools) && body.tools.length > 0],
    ['json-schema', asksForSchema(body)],
    ['reasoning', asksForReasoning(body)],
  ];
  return asked.filter(([, isAsked]) => isAsked).map(([ability]) => ability);
}

/** The kinds of input that a request has. */
export function askedInputs({ content }: Pick<CallFacts, 'content'>): readonly InputKind[] {
  const counts: readonly (readonly [InputKind, number])[] = [
    ['image', content.images.length],
    ['audio', content.audio.length],
    ['pdf', content.files.length],
  ];
  return counts.filter(([, count]) => count > 0).map(([kind]) => kind);
}

function asksForSchema(body: Readonly<JsonObject>): boolean {
  const gemini = within(body, 'generationConfig') ?? within(body, 'generation_config');
  return (
    within(body, 'response_format')?.type === 'json_schema' ||
    within(within(body, 'text'), 'format')?.type === 'json_schema' ||
    within(within(body, 'output_config'), 'format')?.type === 'json_schema' ||
    within(body, 'output_format')?.type === 'json_schema' ||
    isJsonObject(gemini?.responseSchema) ||
    isJsonObject(gemini?.responseJsonSchema)
  );
}

function asksForReasoning(body: Readonly<JsonObject>): boolean {
  const { reasoning_effort: effort } = body;
  const [reasoning, thinking] = [within(body, 'reasoning'), within(body, 'thinking')];
  const asked = (value: JsonValue | undefined): boolean => value != null && value !== 'none';
  return (
    asked(effort) ||
    (reasoning !== undefined && (reasoning.effort === undefined ? reasoning.enabled !== false : asked(reasoning.effort))) ||
    (thinking !== undefined && thinking.type !== 'disabled') ||
    within(within(body, 'generationConfig'), 'thinkingConfig') !== undefined
  );
}

function within(value: Readonly<JsonObject> | undefined, name: string): JsonObject | undefined {
  const inner = value?.[name];
  return isJsonObject(inner) ? inner : undefined;
}
