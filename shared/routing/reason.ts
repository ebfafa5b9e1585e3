import type { UpstreamFailure } from '../providers/upstream-failure.ts';

/** A record is paid for by the kilobyte. */
const longestReason = 240;

/** A code is a word; what else a provider puts into the field may be its message, which can repeat what was said. */
const word = /^[\w.:-]{1,64}$/;

/**
 * Why an attempt failed, for receipts and the log: in the gateway's words, with the provider's own code beside them.
 * Never the provider's message, which may quote the request.
 */
export function reasonOf({ kind, message, facts }: UpstreamFailure): string {
  const code = kind === 'status' || kind === 'fault' ? (facts.providerCode ?? facts.providerType) : undefined;
  const reason = code !== undefined && word.test(code) ? `${message} (${code})` : message;
  return reason.length > longestReason ? `${reason.slice(0, longestReason - 1)}…` : reason;
}
