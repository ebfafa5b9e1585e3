import type { HostedTools } from '../calls/call.ts';
import type { GeminiRequest } from './gemini-schema.ts';

/** What the caller's own code answers: its functions, and the browser or desktop that it moves for the model. */
const callersTools = ['functionDeclarations', 'computerUse'];

/** Searches with a fee of their own (https://ai.google.dev/gemini-api/docs/pricing#tools). */
const searches = ['googleSearch', 'googleSearchRetrieval', 'googleMaps', 'enterpriseWebSearch'];

/** What Google runs by itself at no fee but the tokens that it reads into the prompt. */
const readers = ['urlContext', 'codeExecution', 'fileSearch', 'mcpServers'];

/** How many searches one grounded answer is taken to make at most; Google names no limit. */
const mostSearches = 32;

function toolsOf(gemini: GeminiRequest): string[] {
  return (gemini.tools ?? []).flatMap((tool) =>
    Object.entries(tool).flatMap(([name, value]) =>
      value == null ? [] : [name.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase())],
    ),
  );
}

/** Whether Google reads into the prompt what its own tools find. */
export function runsServerTools(gemini: GeminiRequest): boolean {
  return toolsOf(gemini).some((name) => !callersTools.includes(name));
}

/**
 * The tools with a fee. Nothing in a request bounds how often Google searches for it; and what a tool costs that nobody
 * here knows (a data store of Vertex AI Search, Exa's or Parallel's search, one that is younger than this) is not known either.
 */
export function hostedToolsOf(gemini: GeminiRequest): HostedTools | undefined {
  const names = toolsOf(gemini);
  const unpriced = names.find((name) => ![...callersTools, ...searches, ...readers].includes(name));
  if (unpriced !== undefined) return { uses: mostSearches, bounded: 'no', unpriced };
  return names.some((name) => searches.includes(name)) ? { uses: mostSearches, bounded: 'no' } : undefined;
}
