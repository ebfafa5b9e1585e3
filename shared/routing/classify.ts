import type { UpstreamFailure } from '../providers/upstream-failure.ts';

/**
 * What a failed attempt means for the call.
 *
 * - `retry`: the same target may answer if asked again.
 * - `elsewhere`: only another target can help.
 * - `give-up`: the request itself is at fault, or there is nobody left to answer.
 */
export type Verdict = 'retry' | 'elsewhere' | 'give-up';

/** Why a call failed, from the most to the least useful to its caller. Decides which of several failures is told. */
export const failureClasses = [
  'caller',
  'context_length',
  'content_policy',
  'too_large',
  'rate_limited',
  'server_error',
  'timeout',
  'connection',
  'unusable',
  'not_found',
  'quota',
  'credentials',
  'aborted',
] as const;
export type FailureClass = (typeof failureClasses)[number];

/** Verdict per class of failure. */
export const verdicts: Readonly<Record<FailureClass, Verdict>> = {
  caller: 'give-up',
  context_length: 'elsewhere',
  content_policy: 'elsewhere',
  too_large: 'elsewhere',
  rate_limited: 'retry',
  server_error: 'retry',
  // A target that was silent for the whole of its time is not asked to be silent again.
  timeout: 'elsewhere',
  connection: 'retry',
  unusable: 'elsewhere',
  not_found: 'elsewhere',
  quota: 'elsewhere',
  credentials: 'elsewhere',
  aborted: 'give-up',
};

/** Classes by HTTP status; other 4xx are the caller's, other 5xx the server's. */
const byStatus: Readonly<Record<number, FailureClass>> = {
  401: 'credentials',
  402: 'quota',
  403: 'credentials',
  404: 'not_found',
  408: 'server_error',
  409: 'server_error',
  413: 'too_large',
  424: 'server_error',
  425: 'server_error',
  429: 'rate_limited',
  498: 'credentials',
  499: 'server_error',
};

/** Classes by what providers write into `code` or `type`, which says more than the status. */
const byCode: readonly (readonly [pattern: RegExp, failureClass: FailureClass])[] = [
  [/context_length|context_window|max_tokens_exceeded|prompt_too_long|string_above_max_length|input_too_long/i, 'context_length'],
  // OpenAI's `bio_policy`, `cyber_policy`, `misalignment_policy_violation` and `invalid_prompt` among them:
  // https://github.com/openai/openai-node/blob/master/src/resources/responses/responses.ts (`ResponseError`).
  [
    /(content|bio|cyber|usage|safety)_policy|_policy_violation|content_filter|content_management|moderation_blocked|safety|data_inspection_failed|^invalid_prompt\b/i,
    'content_policy',
  ],
  [/insufficient_quota|billing|credit|payment|balance|quota_exceeded|spend_limit/i, 'quota'],
  // Anthropic's, for an account or its encryption that is out of use: https://platform.claude.com/docs/en/api/errors
  [/organization_on_hold|key_creator_not_member|cmek_key/i, 'credentials'],
  [/model_not_found|model_not_available|deployment.?not.?found|unknown_model/i, 'not_found'],
  [/rate_limit|too_many_requests|throttl|resource_exhausted|tokens_exceeded/i, 'rate_limited'],
  [/overloaded|unavailable|capacity|server_error|internal_error|api_error/i, 'server_error'],
  [/invalid_api_key|authentication|permission|unauthorized/i, 'credentials'],
];

/** Messages of providers that send a bare 400 where others send a code. */
const byMessage: readonly (readonly [pattern: RegExp, failureClass: FailureClass])[] = [
  [
    /context (length|window)|maximum context|too many (input )?tokens|prompt is too long|exceeds? the (model'?s )?(maximum|limit).*tokens|input is too long/i,
    'context_length',
  ],
  [/content (policy|management policy|filter)|safety (system|filter)/i, 'content_policy'],
  // Anthropic tells an empty account, and a limit that the account has set itself, as a bad request
  // (https://platform.claude.com/docs/en/api/errors#http-errors).
  [/credit balance is too low|reached your specified (api )?usage limits/i, 'quota'],
];

/**
 * Classes by the name of a network error, for failures before any answer. What a second try cannot change (no such
 * name, a certificate that does not fit, a port that speaks no TLS) sends the call elsewhere at once.
 */
const byNetworkError: readonly (readonly [pattern: RegExp, failureClass: FailureClass])[] = [
  [/^(ENOTFOUND|EPROTO|CERT_|ERR_TLS|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|HOSTNAME_MISMATCH|private_address)/, 'unusable'],
  [/^(ECONNREFUSED|ECONNRESET|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EPIPE|ETIMEDOUT)/, 'connection'],
];

/** Whether a failure says that the target is unwell, rather than that this one call does not suit it. */
export function speaksAgainstTarget(failureClass: FailureClass): boolean {
  return unwell.has(failureClass);
}

const unwell: ReadonlySet<FailureClass> = new Set<FailureClass>([
  'rate_limited',
  'server_error',
  'timeout',
  'connection',
  'unusable',
  'quota',
  'credentials',
]);

/** Says what kind of failure an attempt ended in. */
export function classify(failure: UpstreamFailure): FailureClass {
  switch (failure.kind) {
    case 'aborted':
      return 'aborted';
    case 'credentials':
      return 'credentials';
    case 'first_byte_timeout':
    case 'idle_timeout':
    case 'total_timeout':
      return 'timeout';
    case 'unreachable':
      return classifyNetwork(failure.facts.providerCode);
    case 'connect_timeout':
    case 'cut':
      return 'connection';
    case 'malformed':
      return 'server_error';
    case 'status':
    case 'fault':
      return classifyAnswer(failure);
  }
}

/** Without a name the gateway itself found no way there. */
function classifyNetwork(name: string | undefined): FailureClass {
  if (name === undefined) return 'unusable';
  return byNetworkError.find(([pattern]) => pattern.test(name))?.[1] ?? 'connection';
}

/** Codes of what is wrong with the request itself, pictures in it above all (`ResponseError` of the same file). */
const atFault =
  /^(invalid_(image|base64|request|value)|unsupported_(image|value|parameter)|image_(too|parse|file)|empty_image|failed_to_download_image)|\binvalid_request_error\b/;

function classifyAnswer({ facts, kind }: UpstreamFailure): FailureClass {
  const { status, providerCode = '', providerType = '', providerMessage = '' } = facts;
  if (status !== undefined && status >= 500) return 'server_error';
  const words = `${providerCode} ${providerType}`;
  for (const [pattern, found] of byCode) if (pattern.test(words)) return found;
  // In a stream, and in a response that failed, no status says whose fault it is.
  if (status === undefined) return atFault.test(words) ? 'caller' : 'server_error';
  if (status === 400 || status === 422 || status === 413)
    for (const [pattern, found] of byMessage) if (pattern.test(providerMessage)) return found;
  return classifyStatus(status, kind);
}

function classifyStatus(status: number, kind: UpstreamFailure['kind']): FailureClass {
  // A redirect: the address is not the API's, whoever asks.
  if (status < 400) return kind === 'status' ? 'unusable' : 'server_error';
  return byStatus[status] ?? 'caller';
}
