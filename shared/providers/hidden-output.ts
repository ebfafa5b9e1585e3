import type { Call } from '../calls/call.ts';
import { isJsonObject } from '../calls/json.ts';
import { claudeVersion } from './claude-version.ts';
import type { ConfiguredProvider } from './configured-provider.ts';

/**
 * Providers that bill for reasoning they keep to themselves or only summarise
 * (https://platform.openai.com/docs/guides/reasoning, https://docs.x.ai/docs/guides/reasoning), and those who resell them.
 * Everywhere else reasoning is streamed as it is made.
 */
const keepReasoning: ReadonlySet<string> = new Set([
  'openai',
  'azure',
  'azure-claude',
  'xai',
  'google',
  'vertex',
  'bedrock',
  'bedrock-mantle',
  'perplexity',
  'openrouter',
  'vercel',
  'litellm',
  'cloudflare',
]);

/** An assumption on the safe side of what the models of these providers write in a second, fast modes included. */
export const fastestTokensPerSecond = 500;

/**
 * Whether a model may write, and bill, what its stream never shows. What is not seen cannot be measured, so the output
 * of such a call is held whole. A model of such a provider that nobody knows is taken to reason.
 */
export function mayHideOutput(call: Pick<Call, 'body'>, provider: ConfiguredProvider, model: string): boolean {
  // Claude bills all it thinks, of which it shows a summary, or nothing
  // (https://platform.claude.com/docs/en/build-with-claude/thinking#controlling-thinking-display).
  if (/claude/i.test(model))
    return asksForThinking(call.body) || (thinksUnasked(model) && !(canStop(model) && declinesThinking(call.body)));
  if (!keepReasoning.has(provider.row.id)) return false;
  return provider.model(model)?.abilities.includes('reasoning') ?? true;
}

/**
 * Whether a Claude model thinks when the request says nothing of it: from version 5 on, and Mythos
 * (https://platform.claude.com/docs/en/build-with-claude/thinking#configuring-thinking). A name that says no version is taken
 * for a new one.
 */
function thinksUnasked(model: string): boolean {
  const version = claudeVersion(model);
  return version === undefined || version.major >= 5;
}

/** Those of them that can be told not to think; the others refuse to be told, or think all the same. */
function canStop(model: string): boolean {
  return /claude-(opus-5(?![-.]\d{1,2}(?!\d))|sonnet-5(?![-.]\d{1,2}(?!\d))|haiku-5)/i.test(model);
}

function declinesThinking({ thinking, reasoning_effort: effort }: Call['body']): boolean {
  return (isJsonObject(thinking) && thinking.type === 'disabled') || effort === 'none';
}

/** Whether a request asks Claude to think before it answers, in whatever dialect's words. */
export function asksForThinking(body: Call['body']): boolean {
  const { thinking, reasoning, reasoning_effort: effort, output_config: output } = body;
  if (isJsonObject(thinking) && thinking.type !== 'disabled') return true;
  if (typeof effort === 'string' && effort !== 'none') return true;
  return isJsonObject(reasoning) || (isJsonObject(output) && output.effort !== undefined);
}
