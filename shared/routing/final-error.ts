import type { ErrorCode } from '../errors/codes.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { UpstreamFailure } from '../providers/upstream-failure.ts';
import { classify, type FailureClass, failureClasses } from './classify.ts';

/** One attempt, as receipts show it. */
export interface AttemptRecord {
  /** `provider/model`. */
  readonly target: string;
  /** In which of the provider's regions and with which of its keys it was made, where there are several. */
  readonly via?: string;
  readonly startedAtMs: number;
  readonly latencyMs: number;
  /** Status of the provider's answer, where there was one. */
  readonly status: number | undefined;
  readonly outcome: 'answered' | FailureClass;
  /** Why it failed; see `reasonOf`. */
  readonly reason?: string;
}

/** A failed attempt with what caused it. */
export interface FailedAttempt {
  readonly record: AttemptRecord;
  readonly failure: UpstreamFailure;
}

const codes: Readonly<Record<FailureClass, ErrorCode>> = {
  caller: 'invalid_request',
  context_length: 'context_length_exceeded',
  content_policy: 'content_policy_violation',
  too_large: 'request_too_large',
  rate_limited: 'rate_limit_exceeded',
  server_error: 'provider_error',
  timeout: 'provider_timeout',
  connection: 'provider_error',
  unusable: 'provider_error',
  not_found: 'model_not_found',
  quota: 'provider_error',
  credentials: 'provider_error',
  aborted: 'client_closed_request',
};

/** What only the operator can mend: a key that is missing, refused or out of credit, an address that leads nowhere. Clients need not try again. */
const forTheOperator: ReadonlySet<FailureClass> = new Set(['credentials', 'quota', 'unusable']);

/** A target that was not tried, and why. */
export interface PassedOver {
  readonly target: string;
  /** Its breaker is open, its provider asked to wait, or its own limits are used up. */
  readonly reason: 'breaker_open' | 'throttled' | 'limit_reached';
  /** When it may be tried again, where that is known. */
  readonly untilMs: number | undefined;
}

/** What is known when a call is given up. */
export interface GivenUp {
  readonly failed: readonly FailedAttempt[];
  readonly passedOver?: readonly PassedOver[];
  /** The attempt that ended it, where one did by itself: its error is told whatever the others said. */
  readonly decisive?: FailedAttempt;
  readonly nowMs?: number;
}

/**
 * The error a caller gets when every attempt failed: the one that helps most, not the one that came last, with all
 * attempts listed and every target that was passed over.
 */
export function finalError({ failed, passedOver = [], decisive, nowMs = 0 }: GivenUp): GatewayError {
  const told = decisive ?? [...failed].sort((one, other) => rank(one.failure) - rank(other.failure))[0];
  const details = {
    attempts: failed.map(({ record: { target, status: answered, outcome } }) => ({ target, status: answered ?? null, outcome })),
    ...(passedOver.length > 0 && { passed_over: passedOver.map(({ target, reason }) => ({ target, reason })) }),
  };
  if (told === undefined) return nothingTried(passedOver, details, nowMs);
  const { failure, record } = told;
  const failureClass = classify(failure);
  const retryAfterMs = failureClass === 'rate_limited' ? (failure.facts.retryAfterMs ?? 1_000) : failure.facts.retryAfterMs;
  const { status, param } = failureClass === 'caller' ? failure.facts : {};
  const hopeless = passedOver.length === 0 && failed.every((one) => forTheOperator.has(classify(one.failure)));
  return new GatewayError(codeOf(failure, failureClass), messageOf(failure, failureClass, record.target), {
    cause: failure,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(status !== undefined && { status }),
    ...(param !== undefined && { param }),
    ...(hopeless && { retryable: false }),
    details: { ...details, ...causeOf(failure, failureClass) },
  });
}

/** What the caller has done wrong, in the provider's own code, for clients that mend it by themselves. */
function causeOf({ facts: { causeCode } }: UpstreamFailure, failureClass: FailureClass): { readonly error_code?: string } {
  const isCallers = failureClass === 'caller' || failureClass === 'not_found';
  return isCallers && causeCode !== undefined ? { error_code: causeCode } : {};
}

function nothingTried(passedOver: readonly PassedOver[], details: Record<string, unknown>, nowMs: number): GatewayError {
  const soonestMs = Math.min(...passedOver.map(({ untilMs }) => untilMs ?? Number.POSITIVE_INFINITY));
  const retryAfterMs = Number.isFinite(soonestMs) ? Math.max(1_000, soonestMs - nowMs) : 5_000;
  const throttled = passedOver.length > 0 && passedOver.every(({ reason }) => reason !== 'breaker_open');
  const names = passedOver.map(({ target }) => target).join(', ');
  if (throttled)
    return new GatewayError('rate_limit_exceeded', `${names}: no more calls are taken for the moment. Try again later.`, {
      retryAfterMs,
      details,
    });
  return new GatewayError('no_target_available', 'No target of this model can be tried now. Try again shortly.', { retryAfterMs, details });
}

function rank(failure: UpstreamFailure): number {
  return failureClasses.indexOf(classify(failure));
}

function codeOf(failure: UpstreamFailure, failureClass: FailureClass): ErrorCode {
  return failure.kind === 'connect_timeout' ? 'provider_timeout' : codes[failureClass];
}

function messageOf(failure: UpstreamFailure, failureClass: FailureClass, target: string): string {
  const said = failure.facts.providerMessage;
  switch (failureClass) {
    case 'credentials':
      return failure.kind === 'credentials'
        ? `The gateway has ${failure.message}.`
        : `The provider of ${target} refused the gateway's credentials. The operator has to check its key.`;
    case 'quota':
      return `The gateway's account at the provider of ${target} has no credit or quota left. The operator has to check it.`;
    case 'aborted':
      return 'The client closed the request.';
    default:
      return said === undefined ? `${target} failed: ${failure.message}.` : `${target}: ${said}`;
  }
}
