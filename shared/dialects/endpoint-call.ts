import type { Call, ContentFacts, DialectName } from '../calls/call.ts';
import type { DialectRequest } from './dialect.ts';

/** What one endpoint's request says that another's does not. */
type EndpointCall = Partial<Omit<Call, 'dialect' | 'model' | 'body' | 'content'>> & { readonly content?: Partial<ContentFacts> };

/** A call of an endpoint that carries no chat: one answer, whole, with nothing made in tokens unless it says otherwise. */
export function endpointCall(dialect: DialectName, model: string, request: DialectRequest, { content, ...call }: EndpointCall): Call {
  return {
    dialect,
    model,
    body: request.body,
    stream: false,
    streamUsage: false,
    maxOutputTokens: 0,
    choices: 1,
    endUser: undefined,
    serviceTier: undefined,
    // A token takes at least as many bytes in the body as it counts.
    content: {
      textBytes: request.bodyBytes,
      messages: 1,
      tools: 0,
      images: [],
      files: [],
      audio: [],
      promptCache: 'none',
      ...content,
    },
    forwardedHeaders: {},
    ...call,
  };
}
