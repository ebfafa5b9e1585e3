/**
 * A `fetch` for Google's package that ends where one request ends. Gemini 4 stops at the limit of a request (`CONTINUATION`,
 * https://ai.google.dev/gemini-api/docs/generate-content/latest-model), and the package then sends the same request again,
 * as often as it takes. Each reads, and bills, the prompt and all that was said so far: that is another call, for which
 * nothing was held. Its second request is answered here, as one whose limit is reached.
 */
export function withoutContinuation(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    if (!asksToContinue(init?.body)) return await fetch(input, init);
    const end = JSON.stringify({ candidates: [{ content: { role: 'model', parts: [] }, finishReason: 'MAX_TOKENS', index: 0 }] });
    return String(input).includes('alt=sse')
      ? new Response(`data: ${end}\n\n`, { headers: { 'content-type': 'text/event-stream' } })
      : new Response(end, { headers: { 'content-type': 'application/json' } });
  };
}

/** The word may stand in a prompt as well, but as a field of the request only the package writes it. */
function asksToContinue(body: RequestInit['body']): boolean {
  return typeof body === 'string' && body.includes('"continuationToken"') && JSON.parse(body).continuationToken !== undefined;
}
