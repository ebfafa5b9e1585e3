import { isJsonObject, type JsonObject, type JsonValue } from '../calls/json.ts';
import type { ProviderFault } from '../dialects/dialect.ts';

/**
 * The fault in an error body, in any of the shapes that providers use: `{error: {message, type, code}}` (OpenAI,
 * Anthropic), `{error: {code, message, status}}` (Google, at times as the one element of an array), `{message}`
 * (Bedrock), `{detail}`, `{errors: [{code, message}]}` (Cloudflare),
 * `{response: {error: {code, message}}}` (Responses that failed in the middle).
 */
export function readProviderFault(body: JsonValue | undefined): ProviderFault | undefined {
  const outer = Array.isArray(body) ? body[0] : body;
  if (!isJsonObject(outer)) return undefined;
  const first = Array.isArray(outer.errors) ? outer.errors[0] : undefined;
  const failed = isJsonObject(outer.response) ? outer.response.error : undefined;
  const inner = outer.error ?? first ?? failed ?? outer;
  if (typeof inner === 'string') return { status: undefined, code: undefined, type: undefined, message: inner };
  return isJsonObject(inner) ? faultOf(inner) : undefined;
}

function faultOf(inner: JsonObject): ProviderFault | undefined {
  const message = textOf(inner.message) ?? textOf(inner.detail) ?? textOf(inner.Message);
  const { code } = inner;
  if (message === undefined && code === undefined && inner.type === undefined) return undefined;
  return {
    status: typeof code === 'number' && code >= 400 && code < 600 ? code : undefined,
    code: textOf(code) ?? textOf(inner.status),
    type: textOf(inner.type),
    message: message ?? 'The provider gave no reason.',
  };
}

/** Google's `RetryInfo`, in milliseconds (https://cloud.google.com/apis/design/errors#retry_info). */
export function retryInfoMs(body: JsonValue | undefined): number | undefined {
  const outer = Array.isArray(body) ? body[0] : body;
  const error = isJsonObject(outer) ? outer.error : undefined;
  const details = isJsonObject(error) && Array.isArray(error.details) ? error.details : [];
  for (const detail of details) {
    if (!isJsonObject(detail) || typeof detail.retryDelay !== 'string') continue;
    const seconds = /^(\d+(?:\.\d+)?)s$/.exec(detail.retryDelay)?.[1];
    if (seconds !== undefined) return Math.ceil(Number(seconds) * 1000);
  }
  return undefined;
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
