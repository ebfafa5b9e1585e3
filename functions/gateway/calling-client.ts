import type { CallRecord } from '../../shared/telemetry/call-record.ts';

/** Longer ones are cut: a record is paid for by the kilobyte. */
const longestUserAgent = 256;
const longestApp = 128;

/**
 * The program that a call came from, as it says of itself: its user agent, and the app it is part of, in the headers by
 * which OpenRouter and Vercel know apps (https://openrouter.ai/docs/app-attribution, https://vercel.com/docs/ai-gateway/app-attribution).
 */
export function callingClient(headers: Readonly<Record<string, string>>): Pick<CallRecord, 'userAgent' | 'app'> {
  const userAgent = said(headers['user-agent']);
  const app = said(headers['x-openrouter-title']) ?? said(headers['x-title']) ?? originOf(headers['http-referer']);
  return {
    ...(userAgent !== undefined && { userAgent: userAgent.slice(0, longestUserAgent) }),
    ...(app !== undefined && { app: app.slice(0, longestApp) }),
  };
}

function said(header: string | undefined): string | undefined {
  const text = header?.trim();
  return text === '' ? undefined : text;
}

/** What stands behind the host of an address may be anybody's secret. */
function originOf(address: string | undefined): string | undefined {
  const url = address === undefined || !URL.canParse(address) ? undefined : new URL(address);
  return url?.protocol === 'https:' || url?.protocol === 'http:' ? url.origin : undefined;
}
