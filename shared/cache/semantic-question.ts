import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';

/** A question taken apart: what may be said in other words, and all that has to be the same. */
export interface SemanticQuestion {
  /** The text of the last turn. */
  readonly text: string;
  /** The body with that text taken out: instructions, earlier turns, tools, parameters. */
  readonly rest: JsonObject;
}

/** Longer texts are seldom said twice, and embedding models cut them off. */
const longestText = 8_192;

/** Where each dialect keeps its turns. */
const turnFields: Partial<Record<Call['dialect'], string>> = {
  'chat-completions': 'messages',
  messages: 'messages',
  responses: 'input',
  gemini: 'contents',
  completions: 'prompt',
};

/**
 * Takes a call apart for a comparison by meaning; undefined for a call whose last turn is not the user's, or is not text
 * alone.
 */
export function semanticQuestion(call: Pick<Call, 'dialect' | 'body'>): SemanticQuestion | undefined {
  const field = turnFields[call.dialect];
  const turns = field === undefined ? undefined : call.body[field];
  if (field === undefined || turns === undefined) return undefined;
  const found = typeof turns === 'string' ? { text: turns, without: '' } : lastTurn(turns);
  if (found === undefined || found.text.trim() === '' || found.text.length > longestText) return undefined;
  return { text: found.text, rest: { ...call.body, [field]: found.without } };
}

interface Found {
  readonly text: string;
  readonly without: JsonValue;
}

function lastTurn(turns: JsonValue): Found | undefined {
  if (!Array.isArray(turns)) return undefined;
  const last = turns.at(-1);
  if (!isJsonObject(last) || (last.role !== 'user' && last.role !== undefined)) return undefined;
  const field = last.content === undefined ? 'parts' : 'content';
  const text = textOf(last[field]);
  return text === undefined ? undefined : { text, without: turns.with(-1, { ...last, [field]: '' }) };
}

/** The text of a turn's content; undefined where anything else is in it. */
function textOf(content: JsonValue | undefined): string | undefined {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return undefined;
  const texts = content.map((part) => (isJsonObject(part) && isTextPart(part) && typeof part.text === 'string' ? part.text : undefined));
  return texts.includes(undefined) ? undefined : texts.join('\n');
}

/** OpenAI and Anthropic name the type of a part, Gemini goes by its members. */
function isTextPart(part: JsonObject): boolean {
  return part.type === undefined ? Object.keys(part).length === 1 : part.type === 'text' || part.type === 'input_text';
}
