import type { AttemptRecord } from '../routing/final-error.ts';

/** A header names the last so many attempts, so that it stays far below what gateways on the way take for all of them together. */
const mostNamed = 8;
const longestName = 128;

/**
 * Attempts as a structured list (RFC 9651): `"echo/error-503";outcome=server_error;status=503;ms=5, "echo/ok";outcome=answered;…`.
 * @param costUsd what the last one cost as a decimal literal, where it is known by then; the others have cost nothing.
 */
export function attemptList(attempts: readonly AttemptRecord[], costUsd?: string): string {
  const last = attempts.length - 1;
  const entries = attempts.map(({ target, via, outcome, status, latencyMs }, index) => {
    const parameters = [
      via === undefined ? '' : `;via=${quoted(via)}`,
      `;outcome=${outcome}`,
      status === undefined ? '' : `;status=${status}`,
      `;ms=${Math.round(latencyMs)}`,
      index === last && costUsd !== undefined ? `;cost_usd="${costUsd}"` : '',
    ];
    return `${quoted(target)}${parameters.join('')}`;
  });
  return entries.slice(-mostNamed).join(', ');
}

function quoted(text: string): string {
  return `"${text.slice(0, longestName).replaceAll(/["\\]/g, '\\$&')}"`;
}
