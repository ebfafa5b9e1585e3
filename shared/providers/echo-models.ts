/** Models of the echo provider: what a caller can rehearse without an account. */
export const echoModels = {
  ok: 'Repeats the last user message.',
  slow: 'The same, after a second, with a tenth of a second between words.',
  'tool-call': 'Calls the first tool of the request.',
  reasoning: 'Thinks before it answers.',
  length: 'Stops in the middle, as if the output cap was reached.',
  'content-filter': 'Stops as if a content filter had fired.',
  empty: 'Answers with nothing.',
  'rate-limited': 'Answers 429 with Retry-After: 1.',
  'error-400': 'Answers 400; every status from 400 to 599 works the same way.',
  'error-500': 'Answers 500.',
  'error-503': 'Answers 503.',
  'context-length': 'Answers 400 context_length_exceeded.',
  'content-policy': 'Answers 400 content_policy_violation.',
  'cut-before-first-byte': 'Breaks the connection before anything is answered.',
  'cut-mid-stream': 'Breaks the connection after half of the answer.',
  'error-mid-stream': 'Reports an error after half of the answer.',
  'stall-mid-stream': 'Falls silent after half of the answer.',
  'malformed-mid-stream': 'Sends an event that is not JSON after half of the answer.',
  hang: 'Accepts the call and never answers.',
} as const;

/** Whether a name such as `ok`, `error-418` or `slow?tokens=50` is one of them. */
export function isEchoModel(model: string): boolean {
  const [name = ''] = model.split('?', 1);
  return Object.hasOwn(echoModels, name) || /^error-[45]\d\d$/.test(name);
}
