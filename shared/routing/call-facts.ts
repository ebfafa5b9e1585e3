import type { ContentFacts } from '../calls/call.ts';
import type { JsonObject } from '../calls/json.ts';

/** What routes may look at in a call, and whom it comes from. */
export interface CallFacts {
  readonly nowMs: number;
  /** The caller's tags, and over them those the operator set on the key and its groups. */
  readonly tags: Readonly<Record<string, string>>;
  readonly key: string;
  /** What the operator calls the key. */
  readonly keyName: string;
  readonly team: string | undefined;
  /** The end user the caller names, else the user the key belongs to. */
  readonly user: string | undefined;
  readonly organization: string | undefined;
  readonly session: string | undefined;
  readonly dialect: string;
  readonly stream: boolean;
  /** The request body, for conditions on its parameters. */
  readonly body: Readonly<JsonObject>;
  readonly content: Pick<ContentFacts, 'textBytes' | 'images' | 'audio' | 'files'>;
}

/** About how many tokens a call's text is: four bytes each, as English is. For choosing, never for charging. */
export function estimatedInputTokens(facts: Pick<CallFacts, 'content'>): number {
  return Math.ceil(facts.content.textBytes / 4);
}
