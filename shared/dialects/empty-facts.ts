import type { AnswerFacts } from './dialect.ts';

/** Facts of an answer of which nothing has been read yet. */
export function emptyFacts(): AnswerFacts {
  return {
    usage: undefined,
    finishReason: undefined,
    id: undefined,
    model: undefined,
    outputBytes: 0,
    toolNames: [],
    serviceTier: undefined,
  };
}
