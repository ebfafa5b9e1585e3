/**
 * Every way a call can be refused or fail, and what each means outside.
 *
 * The one table from which the HTTP status, the error `type` of each dialect, the
 * `x-should-retry` header and the metric are taken. Codes are part of the public contract:
 * they may be added, never renamed.
 *
 * - `status`: HTTP status when headers have not gone out yet.
 * - `type`: the OpenAI error `type`; other dialects map from it.
 * - `retry`: whether the same request may succeed later without being changed.
 * - `anthropicType`, `googleStatus`: the same error in the words of those two APIs.
 */
export const errorCodes = {
  invalid_request: {
    status: 400,
    type: 'invalid_request_error',
    retry: false,
    anthropicType: 'invalid_request_error',
    googleStatus: 'INVALID_ARGUMENT',
  },
  unsupported_parameter: {
    status: 400,
    type: 'invalid_request_error',
    retry: false,
    anthropicType: 'invalid_request_error',
    googleStatus: 'INVALID_ARGUMENT',
  },
  context_length_exceeded: {
    status: 400,
    type: 'invalid_request_error',
    retry: false,
    anthropicType: 'invalid_request_error',
    googleStatus: 'INVALID_ARGUMENT',
  },
  content_policy_violation: {
    status: 400,
    type: 'invalid_request_error',
    retry: false,
    anthropicType: 'invalid_request_error',
    googleStatus: 'INVALID_ARGUMENT',
  },
  missing_api_key: {
    status: 401,
    type: 'authentication_error',
    retry: false,
    anthropicType: 'authentication_error',
    googleStatus: 'UNAUTHENTICATED',
  },
  invalid_api_key: {
    status: 401,
    type: 'authentication_error',
    retry: false,
    anthropicType: 'authentication_error',
    googleStatus: 'UNAUTHENTICATED',
  },
  expired_api_key: {
    status: 401,
    type: 'authentication_error',
    retry: false,
    anthropicType: 'authentication_error',
    googleStatus: 'UNAUTHENTICATED',
  },
  budget_exceeded: {
    status: 402,
    type: 'insufficient_quota',
    retry: false,
    anthropicType: 'billing_error',
    googleStatus: 'RESOURCE_EXHAUSTED',
  },
  max_cost_exceeded: {
    status: 402,
    type: 'insufficient_quota',
    retry: false,
    anthropicType: 'billing_error',
    googleStatus: 'RESOURCE_EXHAUSTED',
  },
  unpriced_model: {
    status: 402,
    type: 'insufficient_quota',
    retry: false,
    anthropicType: 'billing_error',
    googleStatus: 'FAILED_PRECONDITION',
  },
  model_not_allowed: {
    status: 403,
    type: 'permission_error',
    retry: false,
    anthropicType: 'permission_error',
    googleStatus: 'PERMISSION_DENIED',
  },
  key_disabled: {
    status: 403,
    type: 'permission_error',
    retry: false,
    anthropicType: 'permission_error',
    googleStatus: 'PERMISSION_DENIED',
  },
  model_not_found: {
    status: 404,
    type: 'invalid_request_error',
    retry: false,
    anthropicType: 'not_found_error',
    googleStatus: 'NOT_FOUND',
  },
  not_found: { status: 404, type: 'invalid_request_error', retry: false, anthropicType: 'not_found_error', googleStatus: 'NOT_FOUND' },
  conflict: { status: 409, type: 'invalid_request_error', retry: false, anthropicType: 'conflict_error', googleStatus: 'ABORTED' },
  idempotency_in_progress: {
    status: 409,
    type: 'invalid_request_error',
    retry: true,
    anthropicType: 'conflict_error',
    googleStatus: 'ABORTED',
  },
  request_too_large: {
    status: 413,
    type: 'invalid_request_error',
    retry: false,
    anthropicType: 'request_too_large',
    googleStatus: 'INVALID_ARGUMENT',
  },
  idempotency_conflict: {
    status: 422,
    type: 'invalid_request_error',
    retry: false,
    anthropicType: 'invalid_request_error',
    googleStatus: 'FAILED_PRECONDITION',
  },
  rate_limit_exceeded: {
    status: 429,
    type: 'rate_limit_error',
    retry: true,
    anthropicType: 'rate_limit_error',
    googleStatus: 'RESOURCE_EXHAUSTED',
  },
  budget_held: {
    status: 429,
    type: 'rate_limit_error',
    retry: true,
    anthropicType: 'rate_limit_error',
    googleStatus: 'RESOURCE_EXHAUSTED',
  },
  client_closed_request: {
    status: 499,
    type: 'invalid_request_error',
    retry: false,
    anthropicType: 'invalid_request_error',
    googleStatus: 'CANCELLED',
  },
  internal_error: { status: 500, type: 'server_error', retry: true, anthropicType: 'api_error', googleStatus: 'INTERNAL' },
  provider_error: { status: 502, type: 'server_error', retry: true, anthropicType: 'api_error', googleStatus: 'UNAVAILABLE' },
  no_target_available: { status: 503, type: 'server_error', retry: true, anthropicType: 'overloaded_error', googleStatus: 'UNAVAILABLE' },
  store_unavailable: { status: 503, type: 'server_error', retry: true, anthropicType: 'overloaded_error', googleStatus: 'UNAVAILABLE' },
  provider_timeout: { status: 504, type: 'server_error', retry: true, anthropicType: 'timeout_error', googleStatus: 'DEADLINE_EXCEEDED' },
  only_if_cached_miss: {
    status: 504,
    type: 'invalid_request_error',
    retry: false,
    anthropicType: 'invalid_request_error',
    googleStatus: 'NOT_FOUND',
  },
} as const satisfies Record<string, ErrorCodeRow>;

interface ErrorCodeRow {
  readonly status: number;
  readonly type: string;
  readonly retry: boolean;
  readonly anthropicType: string;
  readonly googleStatus: string;
}

/** A stable error code, the same whatever the path and the dialect. */
export type ErrorCode = keyof typeof errorCodes;
