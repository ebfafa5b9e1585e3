/** What an answer says, whatever format it says it in. */
export interface Reading {
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: readonly ToolCallReading[];
  readonly finish: 'stop' | 'length' | 'tool_calls' | 'content_filter' | undefined;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly reasoningTokens: number;
}

export interface ToolCallReading {
  /** Undefined where the format has none. */
  readonly id: string | undefined;
  readonly name: string;
  /** Arguments as a value; a custom tool's input as the text it is. */
  readonly input: unknown;
}

/** An answer that is an error. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
  /** Whether it is the operator's account that has run dry, which is told in the gateway's own words. */
  readonly outOfQuota: boolean;
}

/** A reading that is put together piece by piece. */
export interface Draft {
  text: string;
  reasoning: string;
  calls: { id: string | undefined; name: string; json: string; custom?: boolean; place?: number }[];
  finish: Reading['finish'];
  input: number;
  output: number;
  cached: number;
  thought: number;
  /** Whether what was said is a refusal. */
  refused: boolean;
}

export function draft(): Draft {
  return { text: '', reasoning: '', calls: [], finish: undefined, input: 0, output: 0, cached: 0, thought: 0, refused: false };
}

export function finished(all: Draft): Reading {
  return {
    text: all.text,
    reasoning: all.reasoning,
    toolCalls: all.calls.map(({ id, name, json, custom }) => ({ id, name, input: custom === true ? json : JSON.parse(json || '{}') })),
    finish: all.finish,
    inputTokens: all.input,
    outputTokens: all.output,
    cachedTokens: all.cached,
    reasoningTokens: all.thought,
  };
}
