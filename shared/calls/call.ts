import type { JsonObject } from './json.ts';
import type { MultipartForm } from './multipart-form.ts';

/** The wire formats that clients speak. The path of a request names its dialect. */
export type DialectName =
  | 'chat-completions'
  | 'responses'
  | 'messages'
  | 'completions'
  | 'embeddings'
  | 'gemini'
  | 'rerank'
  | 'images'
  | 'speech'
  | 'transcriptions'
  | 'moderations';

/** An image in a request, as far as it can be known without fetching anything. */
export interface ImageFacts {
  /** Size of the encoded image in bytes, when it came inline. */
  readonly bytes?: number;
  readonly width?: number;
  readonly height?: number;
  /** The caller's wish for resolution, in OpenAI's words: `low`, `high`, `auto`, `original`. */
  readonly detail?: string;
}

/** A document in a request. */
export interface FileFacts {
  readonly bytes?: number;
  readonly mediaType?: string;
}

/** Sound in a request. */
export interface AudioFacts {
  readonly bytes?: number;
  readonly seconds?: number;
}

/** What bears on the number of input tokens, gathered by the dialect that read the body. */
export interface ContentFacts {
  /** UTF-8 bytes of all text the model will read: messages, system, tool definitions, schemas. */
  readonly textBytes: number;
  readonly messages: number;
  readonly tools: number;
  readonly images: readonly ImageFacts[];
  readonly files: readonly FileFacts[];
  readonly audio: readonly AudioFacts[];
  /** Whether the caller marked parts of the prompt for the provider's cache, and for how long: `1h` stands for OpenAI's twelve hours too. */
  readonly promptCache: 'none' | '5m' | '1h';
  /** Those of `tools` whose definition the vendor holds. */
  readonly vendorTools?: number;
  /** Whether a part of the prompt lies with the provider, such as Gemini's `cachedContent`. */
  readonly hasStoredContext?: boolean;
  /** How many times the provider may run tools of its own before it answers. */
  readonly serverToolUses?: number;
}

/** The most that a call can use of what is not counted in tokens. What is left out is not used at all. */
export interface CallUnits {
  /** Images made. */
  readonly images?: number;
  /** Audio heard or made, in milliseconds. */
  readonly audioMs?: number;
  /** Characters spoken. */
  readonly characters?: number;
  /** Provider-side searches, or units of search where reranking is priced by them. */
  readonly searches?: number;
  /** Searches in files that lie with the provider. */
  readonly fileSearches?: number;
  /** Containers that the provider runs code in, by the gigabyte of their memory. */
  readonly containers?: number;
}

/** Tools that the provider runs by itself while it answers. */
export interface HostedTools {
  /** The uses that money is held for. */
  readonly uses: number;
  /**
   * Whether there can be no more: `yes`, because the request or the API says so; `if-sent`, when the gateway sends `uses`
   * along as a bound; `no`, where nothing that could be sent bounds them.
   */
  readonly bounded: 'yes' | 'if-sent' | 'no';
  /** A tool among them that has no price. */
  readonly unpriced?: string | undefined;
  /** The field of the request that asks for it, where that is not `tools`. */
  readonly field?: string;
}

/** What a request can ask for that not every endpoint of its dialect takes. */
export const demands = ['json-schema', 'strict-tools', 'media-by-url', 'server-tools', 'mcp-servers', 'fast-mode'] as const;

/** See {@link demands}. */
export type Demand = (typeof demands)[number];

/** A request in any dialect, validated, and what the gateway has to know of it. */
export interface Call {
  readonly dialect: DialectName;
  /** The model as the caller named it: `provider/model` or a route of the configuration. */
  readonly model: string;
  /** The body as the caller sent it, unknown fields included. Native transports forward it. */
  readonly body: JsonObject;
  readonly stream: boolean;
  /** Whether the caller wants usage in the stream; where a dialect always carries it, true. */
  readonly streamUsage: boolean;
  /** The caller's own cap on output tokens of one choice. */
  readonly maxOutputTokens: number | undefined;
  /** Answers asked for (`n`). */
  readonly choices: number;
  /** The caller's name for its end user, from the body. */
  readonly endUser: string | undefined;
  readonly serviceTier: string | undefined;
  readonly content: ContentFacts;
  /** The effort that the caller names for the model's reasoning, where the dialect has a word for it that endpoints mind. */
  readonly reasoningEffort?: string;
  /** What it asks for of `demands`; absent where its dialect has no endpoint that refuses any. */
  readonly demands?: readonly Demand[];
  /** Whether what a provider cannot honour is refused, instead of dropped and named in `x-sluice-dropped`. */
  readonly strict?: boolean;
  /** Headers of the caller's dialect that travel to a native provider, such as `anthropic-beta`. */
  readonly forwardedHeaders: Readonly<Record<string, string>>;
  /** Parameters of the query that travel to a native provider, such as `beta`. */
  readonly forwardedQuery?: Readonly<Record<string, string>>;
  readonly units?: CallUnits;
  readonly hostedTools?: HostedTools;
  /** The provider may answer with another model of its own choice, at that model's price. */
  readonly mayChangeModel?: true;
  /** The most tokens that are billed as output beside the answer's own: a predicted output that is rejected, a summary that compacts. */
  readonly predictedTokens?: number;
  /** The request as it came, where it is a form and `body` only what its text fields say. */
  readonly form?: MultipartForm;
  /** How the events of a stream are framed for the caller, where it is not as server-sent events. */
  readonly streamForm?: 'json-array';
}

/** Why an answer ended, in one vocabulary for all dialects. */
export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'error' | 'other';
