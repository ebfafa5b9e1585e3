import type { Call, FinishReason } from '../calls/call.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import { type Usage, usageOf } from '../calls/usage.ts';
import { isEchoModel } from './echo-models.ts';
import { UpstreamFailure } from './upstream-failure.ts';

/** What the echo provider does with one call: all of it decided before anything is sent, from the call alone. */
export interface EchoScript {
  /** Silence before the answer begins. */
  readonly delayMs: number;
  /** Silence between two pieces of a stream. */
  readonly chunkDelayMs: number;
  readonly reasoning: readonly string[];
  readonly pieces: readonly string[];
  readonly toolCall: { readonly id: string; readonly name: string; readonly arguments: string } | undefined;
  readonly finishReason: FinishReason;
  readonly usage: Usage;
  /** Fails before anything is answered. */
  readonly refusal: UpstreamFailure | undefined;
  /** What goes wrong after `afterPieces` pieces of a stream. */
  readonly accident: { readonly kind: 'cut' | 'stall' | 'malformed' | 'fault'; readonly afterPieces: number } | undefined;
  /** Never answers at all. */
  readonly hangs: boolean;
}

/** Knobs of a call, from the model name (`echo/ok?tokens=100&chunk_delay_ms=5`) or the body's `echo` object; times in milliseconds. */
interface Knobs {
  readonly tokens: number | undefined;
  readonly inputTokens: number | undefined;
  readonly delayMs: number | undefined;
  readonly chunkDelayMs: number | undefined;
  readonly text: string | undefined;
  readonly after: number | undefined;
}

/**
 * Writes the script for a model such as `ok`, `error-503` or `slow?tokens=50`.
 * @returns undefined for a name that is no echo model.
 */
export function echoScript(model: string, call: Call): EchoScript | undefined {
  const mark = model.indexOf('?');
  const name = mark === -1 ? model : model.slice(0, mark);
  if (!isEchoModel(name)) return undefined;
  const refusal = refusalFor(name);
  const knobs = readKnobs(new URLSearchParams(mark === -1 ? '' : model.slice(mark + 1)), call.body.echo);
  const wanted = piecesFor(name, knobs, call);
  const cap = call.maxOutputTokens ?? Number.POSITIVE_INFINITY;
  const reasoning = name === 'reasoning' ? ['Let me ', 'think ', 'about ', 'that.'].slice(0, cap) : [];
  const pieces = wanted.slice(0, Math.max(0, cap - reasoning.length));
  const toolCall = name === 'tool-call' ? toolCallFor(call) : undefined;
  const capped = pieces.length < wanted.length;
  return {
    delayMs: knobs.delayMs ?? (name === 'slow' ? 1000 : 0),
    chunkDelayMs: knobs.chunkDelayMs ?? (name === 'slow' ? 100 : 0),
    reasoning,
    pieces,
    toolCall,
    finishReason: capped ? 'length' : finishFor(name, toolCall !== undefined),
    usage: usageOf({
      inputTokens: knobs.inputTokens ?? Math.min(call.content.textBytes, Math.ceil(call.content.textBytes / 4)),
      outputTokens: reasoning.length + pieces.length + (toolCall === undefined ? 0 : 1),
      reasoningTokens: reasoning.length,
    }),
    refusal,
    accident: accidentFor(name, knobs.after ?? Math.floor(pieces.length / 2)),
    hangs: name === 'hang',
  };
}

function readKnobs(query: URLSearchParams, fromBody: JsonValue | undefined): Knobs {
  const object: JsonObject = isJsonObject(fromBody) ? fromBody : {};
  const count = (key: string): number | undefined => {
    const value = Number(query.get(key) ?? object[key] ?? Number.NaN);
    return Number.isFinite(value) && value >= 0 ? Math.min(Math.floor(value), 1_000_000) : undefined;
  };
  const text = query.get('text') ?? object.text;
  return {
    tokens: count('tokens'),
    inputTokens: count('input_tokens'),
    delayMs: count('delay_ms'),
    chunkDelayMs: count('chunk_delay_ms'),
    text: typeof text === 'string' ? text : undefined,
    after: count('after'),
  };
}

function refusalFor(name: string): UpstreamFailure | undefined {
  if (name === 'rate-limited') return statusFailure(429, 'rate_limit_exceeded', 'Echo was told to be rate limited.', 1000);
  if (name === 'context-length') return statusFailure(400, 'context_length_exceeded', 'Echo was told that its context is too short.');
  if (name === 'content-policy') return statusFailure(400, 'content_policy_violation', 'Echo was told to object to the content.');
  if (name === 'cut-before-first-byte') return new UpstreamFailure('cut', 'echo broke the connection before its answer');
  const status = /^error-([45]\d\d)$/.exec(name)?.[1];
  return status === undefined ? undefined : statusFailure(Number(status), `echo_error_${status}`, `Echo was told to answer ${status}.`);
}

function statusFailure(status: number, providerCode: string, providerMessage: string, retryAfterMs?: number): UpstreamFailure {
  return new UpstreamFailure('status', `echo answered ${status}`, {
    status,
    providerCode,
    providerMessage,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

function accidentFor(name: string, afterPieces: number): EchoScript['accident'] {
  switch (name) {
    case 'cut-mid-stream':
      return { kind: 'cut', afterPieces };
    case 'stall-mid-stream':
      return { kind: 'stall', afterPieces };
    case 'malformed-mid-stream':
      return { kind: 'malformed', afterPieces };
    case 'error-mid-stream':
      return { kind: 'fault', afterPieces };
    default:
      return undefined;
  }
}

function finishFor(name: string, callsTool: boolean): FinishReason {
  if (name === 'length') return 'length';
  if (name === 'content-filter') return 'content_filter';
  return callsTool ? 'tool_calls' : 'stop';
}

function piecesFor(name: string, knobs: Knobs, call: Call): string[] {
  if (name === 'empty' || name === 'tool-call') return [];
  if (knobs.tokens !== undefined && knobs.text === undefined)
    return Array.from({ length: knobs.tokens }, (_, index) => `word${index + 1} `);
  const text = knobs.text ?? lastUserText(call.body);
  const words = text.match(/\S+\s*|\s+/g) ?? ['…'];
  return name === 'length' ? words.slice(0, Math.ceil(words.length / 2)) : words;
}

/** The text of the last user turn, wherever the dialect keeps it. */
function lastUserText(body: JsonObject): string {
  for (const field of ['messages', 'input', 'contents'] as const) {
    const turns = body[field];
    if (typeof turns === 'string') return turns;
    if (!Array.isArray(turns)) continue;
    const last = turns.findLast((turn) => isJsonObject(turn) && (turn.role === 'user' || turn.role === undefined));
    if (last !== undefined) return textIn(last) || '…';
  }
  return typeof body.prompt === 'string' ? body.prompt : '…';
}

function textIn(value: JsonValue | undefined): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(textIn).join('');
  if (!isJsonObject(value)) return '';
  return textIn(value.text ?? value.content ?? value.parts);
}

/** A call of the first tool, with the least arguments its schema asks for. */
function toolCallFor(call: Call): EchoScript['toolCall'] {
  const tools = call.body.tools;
  const first = Array.isArray(tools) ? tools[0] : undefined;
  if (!isJsonObject(first)) return undefined;
  const declared = declarationOf(first);
  const schema = declared.parameters ?? declared.input_schema ?? declared.parametersJsonSchema;
  const name = declared.name;
  return { id: 'call_echo', name: typeof name === 'string' ? name : 'tool', arguments: JSON.stringify(exampleOf(schema)) };
}

/** A tool as its dialect declares it: under `function`, in a list of `functionDeclarations`, or outright. */
function declarationOf(tool: JsonObject): JsonObject {
  if (isJsonObject(tool.function)) return tool.function;
  const [first] = Array.isArray(tool.functionDeclarations) ? tool.functionDeclarations : [];
  return isJsonObject(first) ? first : tool;
}

function exampleOf(schema: JsonValue | undefined): JsonValue {
  if (!isJsonObject(schema)) return {};
  if (Array.isArray(schema.enum)) return schema.enum[0] ?? null;
  switch (typeof schema.type === 'string' ? schema.type.toLowerCase() : schema.type) {
    case 'string':
      return 'echo';
    case 'number':
    case 'integer':
      return 1;
    case 'boolean':
      return true;
    case 'array':
      return [];
    default:
      return requiredOf(schema);
  }
}

function requiredOf(schema: JsonObject): JsonObject {
  const properties = isJsonObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.fromEntries(required.filter((key) => typeof key === 'string').map((key) => [key, exampleOf(properties[key])]));
}
