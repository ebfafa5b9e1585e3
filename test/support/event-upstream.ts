import { pause, type UpstreamBehaviour } from './upstream.ts';

/** Streams events framed as Anthropic and OpenAI's Responses frame them: their type in the `event:` field too. */
export function answerEvents(events: readonly { readonly type: string }[], options: { readonly pauseMs?: number } = {}): UpstreamBehaviour {
  return async (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of events) {
      if (options.pauseMs !== undefined) await pause(options.pauseMs);
      response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    }
    response.end();
  };
}
