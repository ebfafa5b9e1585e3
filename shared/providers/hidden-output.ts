import type { Call } from '../calls/call.ts';
import { isJsonObject } from '../calls/json.ts';
import type { ConfiguredProvider } from './configured-provider.ts';

/**
 * Providers that bill for reasoning they keep to themselves or only summarise
 * (https://platform.openai.com/docs/guides/reasoning, https://docs.x.ai/docs/guides/reasoning), and those who resell them.
 * Everywhere else reasoning is streamed as it is made.
 */
const keepReasoning: ReadonlySet<string> = new Set([
  'openai',
  'azure',
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

/**
 * Whether a model may write, and bill, what its stream never shows. What is not seen cannot be measured, so the output
 * of such a call is held whole. A model of such a provider that nobody knows is taken to reason.
 */
export function mayHideOutput(call: Pick<Call, 'body'>, provider: ConfiguredProvider, model: string): boolean {
  // Claude thinks when it is asked to, and bills all of it, of which it shows a summary
  // (https://platform.claude.com/docs/en/build-with-claude/extended-thinking).
  if (/claude/i.test(model)) return asksForThinking(call.body);
  if (!keepReasoning.has(provider.row.id)) return false;
  return provider.model(model)?.abilities.includes('reasoning') ?? true;
}

/** Whether a request asks Claude to think before it answers, in whatever dialect's words. */
export function asksForThinking(body: Call['body']): boolean {
  const { thinking, reasoning, reasoning_effort: effort, output_config: output } = body;
  if (isJsonObject(thinking) && thinking.type !== 'disabled') return true;
  if (typeof effort === 'string' && effort !== 'none') return true;
  return isJsonObject(reasoning) || (isJsonObject(output) && output.effort !== undefined);
}
