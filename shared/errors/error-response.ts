import { errorCodes } from './codes.ts';
import type { GatewayError } from './gateway-error.ts';

/** The error body of the OpenAI API, which most dialects and the control plane share. */
export interface OpenAiErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string;
    readonly details?: Readonly<Record<string, unknown>>;
  };
}

/**
 * Renders an error as the OpenAI API does (https://platform.openai.com/docs/guides/error-codes):
 * `{"error": {"message", "type", "param", "code"}}`, with `details` for machines where there are any.
 */
export function openAiErrorBody(error: GatewayError): OpenAiErrorBody {
  return {
    error: {
      message: error.message,
      type: errorCodes[error.code].type,
      param: error.param ?? null,
      code: error.code,
      ...(error.details && { details: error.details }),
    },
  };
}

/**
 * The headers that go with an error, whatever the dialect: `Retry-After` in whole seconds, rounded up
 * (RFC 9110 section 10.2.3), and `x-should-retry: false`, which the OpenAI and Anthropic clients obey
 * before they look at the status, where the same request can never succeed.
 */
export function errorHeaders(error: GatewayError): Record<string, string> {
  const headers: Record<string, string> = { ...error.headers };
  if (error.retryAfterMs !== undefined) headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
  if (!error.retryable) headers['x-should-retry'] = 'false';
  return headers;
}
