import { pause, type UpstreamBehaviour } from './upstream.ts';

/** An event of a vendor's, of which only the type is known. */
interface TypedEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Streams events framed as Anthropic and OpenAI's Responses frame them: their type in the `event:` field too. */
export function answerEvents(events: readonly TypedEvent[], options: { readonly pauseMs?: number } = {}): UpstreamBehaviour {
  return async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of events) {
      if (options.pauseMs !== undefined) await pause(options.pauseMs);
      response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    }
    response.end();
  };
}
