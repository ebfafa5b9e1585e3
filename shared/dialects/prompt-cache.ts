import { isJsonObject } from '../calls/json.ts';

/**
 * Whether a breakpoint or the options of OpenAI's prompt cache ask for twelve hours instead of thirty minutes, which costs
 * twice as much: https://developers.openai.com/api/docs/guides/prompt-caching
 */
export function asksToStay(options: unknown): boolean {
  return isJsonObject(options) && options.ttl === '12h';
}
