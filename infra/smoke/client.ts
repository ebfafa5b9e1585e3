/** An answer, read whole. */
export interface SmokeAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** When each chunk arrived, in milliseconds since the request left. */
  readonly chunkTimesMs: readonly number[];
}

/** Sends one request to a gateway and notes when each chunk of the answer arrives. */
export async function send(
  url: string,
  init: { readonly method?: string; readonly key?: string; readonly body?: object; readonly headers?: Record<string, string> },
): Promise<SmokeAnswer> {
  const begun = performance.now();
  const response = await fetch(url, {
    method: init.method ?? (init.body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(init.body && { 'content-type': 'application/json' }),
      ...(init.key !== undefined && { authorization: `Bearer ${init.key}` }),
      ...init.headers,
    },
    ...(init.body && { body: JSON.stringify(init.body) }),
    signal: AbortSignal.timeout(60_000),
  });
  const chunkTimesMs: number[] = [];
  const decoder = new TextDecoder();
  let text = '';
  if (response.body !== null) {
    for await (const chunk of response.body) {
      chunkTimesMs.push(performance.now() - begun);
      text += decoder.decode(chunk, { stream: true });
    }
  }
  return { status: response.status, headers: response.headers, text, chunkTimesMs };
}
