import { describe, expect, it } from 'vitest';
import { UpstreamFailure, type UpstreamFailureFacts, type UpstreamFailureKind } from '../../shared/providers/upstream-failure.ts';
import { classify, type FailureClass, failureClasses, speaksAgainstTarget, verdicts } from '../../shared/routing/classify.ts';
import { finalError } from '../../shared/routing/final-error.ts';

const failure = (facts: UpstreamFailureFacts, kind: UpstreamFailureKind = 'status'): UpstreamFailure =>
  new UpstreamFailure(kind, 'it failed', facts);

describe('the class of a failure', () => {
  it.each<[UpstreamFailureFacts, FailureClass]>([
    [{ status: 302 }, 'unusable'],
    [{ status: 308 }, 'unusable'],
    [{ status: 400 }, 'caller'],
    [{ status: 401 }, 'credentials'],
    [{ status: 402 }, 'quota'],
    [{ status: 403 }, 'credentials'],
    [{ status: 404 }, 'not_found'],
    [{ status: 405 }, 'caller'],
    [{ status: 408 }, 'server_error'],
    [{ status: 409 }, 'server_error'],
    [{ status: 413 }, 'too_large'],
    [{ status: 422 }, 'caller'],
    [{ status: 424 }, 'server_error'],
    [{ status: 425 }, 'server_error'],
    [{ status: 429 }, 'rate_limited'],
    [{ status: 499 }, 'server_error'],
    [{ status: 500 }, 'server_error'],
    [{ status: 501 }, 'server_error'],
    [{ status: 503 }, 'server_error'],
    [{ status: 529 }, 'server_error'],
    [{ status: 429, providerCode: 'insufficient_quota' }, 'quota'],
    [{ status: 400, providerCode: 'context_length_exceeded' }, 'context_length'],
    [{ status: 400, providerCode: 'content_filter' }, 'content_policy'],
    [{ status: 400, providerMessage: 'prompt is too long: 210000 tokens > 200000 maximum' }, 'context_length'],
    [{ status: 400, providerMessage: "This model's maximum context length is 8192 tokens" }, 'context_length'],
    [{ status: 400, providerType: 'authentication_error' }, 'credentials'],
    [{ status: 400, providerMessage: 'temperature must be a number' }, 'caller'],
    [{ status: 404, providerCode: 'DeploymentNotFound' }, 'not_found'],
    [{ status: 400, providerType: 'rate_limit_error' }, 'rate_limited'],
    // Anthropic's own codes, in the official client's list, and the accounts that it tells of by a message alone.
    [{ status: 429, providerType: 'rate_limit_error', providerCode: 'contract_spend_limit_reached' }, 'quota'],
    [{ status: 429, providerType: 'rate_limit_error', providerCode: 'enforced_spend_limit_reached' }, 'quota'],
    [{ status: 402, providerType: 'billing_error', providerCode: 'linked_organization_spend_limit_reached' }, 'quota'],
    [{ status: 429, providerType: 'rate_limit_error', providerCode: 'ramp_limit_exceeded' }, 'rate_limited'],
    [{ status: 400, providerType: 'invalid_request_error', providerCode: 'organization_on_hold' }, 'credentials'],
    [{ status: 400, providerType: 'invalid_request_error', providerCode: 'cmek_key_disabled' }, 'credentials'],
    [{ status: 400, providerType: 'invalid_request_error', providerCode: 'claude_code_key_creator_not_member' }, 'credentials'],
    [{ status: 400, providerType: 'invalid_request_error', providerCode: 'claude_code_version_too_old' }, 'caller'],
    [{ status: 400, providerType: 'invalid_request_error', providerCode: 'image_dimensions_too_large' }, 'caller'],
    [{ status: 413, providerType: 'request_too_large' }, 'too_large'],
    [{ status: 504, providerType: 'timeout_error' }, 'server_error'],
    [{ status: 529, providerType: 'overloaded_error', providerCode: 'compaction_unavailable' }, 'server_error'],
    [
      {
        status: 400,
        providerType: 'invalid_request_error',
        providerMessage:
          'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
      },
      'quota',
    ],
    [
      {
        status: 400,
        providerType: 'invalid_request_error',
        providerMessage: 'You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.',
      },
      'quota',
    ],
    // What a response that failed tells (`ResponseError` of OpenAI's client), with no status beside it.
    [{ providerCode: 'server_error' }, 'server_error'],
    [{ providerCode: 'vector_store_timeout' }, 'server_error'],
    [{ providerCode: 'rate_limit_exceeded' }, 'rate_limited'],
    [{ providerCode: 'bio_policy' }, 'content_policy'],
    [{ providerCode: 'cyber_policy' }, 'content_policy'],
    [{ providerCode: 'misalignment_policy_violation' }, 'content_policy'],
    [{ providerCode: 'image_content_policy_violation' }, 'content_policy'],
    [{ providerCode: 'invalid_prompt' }, 'content_policy'],
    [{ status: 400, providerCode: 'invalid_prompt', providerType: 'invalid_request_error' }, 'content_policy'],
    [{ providerCode: 'invalid_image_url' }, 'caller'],
    [{ providerCode: 'image_too_large' }, 'caller'],
    [{ providerCode: 'unsupported_image_media_type' }, 'caller'],
    [{ providerCode: 'failed_to_download_image' }, 'caller'],
    [{ providerType: 'invalid_request_error' }, 'caller'],
    [{ providerCode: 'invalid_value', providerType: 'invalid_request_error' }, 'caller'],
    [{ providerCode: 'insufficient_quota', providerType: 'invalid_request_error' }, 'quota'],
    [{}, 'server_error'],
    [{ status: 404, providerType: 'invalid_request_error' }, 'not_found'],
    [{ status: 429, providerCode: 'slow_down' }, 'rate_limited'],
    [{ status: 400, providerCode: 'billing_hard_limit_reached' }, 'quota'],
    // A server that fails may blame anybody.
    [{ status: 500, providerCode: 'content_filter' }, 'server_error'],
  ])('with %j is %s', (facts, expected) => {
    expect(classify(failure(facts))).toBe(expected);
  });

  it.each<[string | undefined, FailureClass]>([
    ['ECONNREFUSED', 'connection'],
    ['EAI_AGAIN', 'connection'],
    ['EHOSTUNREACH', 'connection'],
    ['ENOTFOUND', 'unusable'],
    ['EPROTO', 'unusable'],
    ['CERT_HAS_EXPIRED', 'unusable'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'unusable'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'unusable'],
    ['private_address', 'unusable'],
    [undefined, 'unusable'],
  ])('of an address that cannot be reached by %s is %s', (providerCode, expected) => {
    expect(classify(failure({ ...(providerCode && { providerCode }) }, 'unreachable'))).toBe(expected);
  });

  it.each<[UpstreamFailureKind, FailureClass]>([
    ['connect_timeout', 'connection'],
    ['cut', 'connection'],
    ['first_byte_timeout', 'timeout'],
    ['idle_timeout', 'timeout'],
    ['total_timeout', 'timeout'],
    ['malformed', 'server_error'],
    ['aborted', 'aborted'],
    ['credentials', 'credentials'],
  ])('by %s is %s', (kind, expected) => {
    expect(classify(failure({}, kind))).toBe(expected);
  });
});

describe('what follows from a class', () => {
  it('is the same for the breaker as for the caller: what the call itself is at fault for speaks against nobody', () => {
    for (const failureClass of failureClasses)
      if (verdicts[failureClass] === 'give-up') expect(speaksAgainstTarget(failureClass)).toBe(false);
    expect(failureClasses.filter((failureClass) => !speaksAgainstTarget(failureClass))).toEqual([
      'caller',
      'context_length',
      'content_policy',
      'too_large',
      'not_found',
      'aborted',
    ]);
  });
});

describe('the error of a call that failed everywhere', () => {
  const attempt = (target: string, facts: UpstreamFailureFacts, kind?: UpstreamFailureKind) => {
    const failed = failure(facts, kind);
    return { failure: failed, record: { target, startedAtMs: 0, latencyMs: 1, status: facts.status, outcome: classify(failed) } };
  };

  it.each([
    ['a rate limit before a dead connection', [{ status: 429, retryAfterMs: 7_000 }, {}], 'rate_limit_exceeded', 429],
    ['a server error before refused credentials', [{ status: 401 }, { status: 500 }], 'provider_error', 502],
    [
      'a context too long before a server error',
      [{ status: 500 }, { status: 400, providerCode: 'context_length_exceeded' }],
      'context_length_exceeded',
      400,
    ],
    [
      'a refused content before a rate limit',
      [{ status: 400, providerCode: 'content_filter' }, { status: 429 }],
      'content_policy_violation',
      400,
    ],
  ])('tells %s, whichever came last', (_what, facts, code, status) => {
    const failed = facts.map((each, index) => attempt(`p${index}/m`, each, 'status' in each ? 'status' : 'cut'));
    for (const order of [failed, failed.toReversed()]) {
      const error = finalError({ failed: order });
      expect([error.code, error.status]).toEqual([code, status]);
      expect(error.details?.attempts).toHaveLength(2);
    }
  });

  it("hands the caller's own mistake back with the provider's status, and all attempts before it", () => {
    const [first, second] = [attempt('a/m', { status: 500 }), attempt('b/m', { status: 422, providerMessage: 'n must be positive' })];
    const error = finalError({ failed: [first, second], decisive: second });
    expect(error).toMatchObject({ code: 'invalid_request', status: 422, message: 'b/m: n must be positive' });
    expect(error.details?.attempts).toHaveLength(2);
  });

  it('tells clients not to try again where only the operator can help, and not where anything else failed too', () => {
    const refused = attempt('a/m', { status: 401 });
    expect(finalError({ failed: [refused, attempt('b/m', { status: 402 })] }).retryable).toBe(false);
    expect(finalError({ failed: [refused, attempt('b/m', { status: 500 })] }).retryable).toBe(true);
    expect(finalError({ failed: [refused], passedOver: [{ target: 'b/m', reason: 'breaker_open', untilMs: 9_000 }] }).retryable).toBe(true);
  });

  it('never repeats what a provider says of a refused key', () => {
    const error = finalError({ failed: [attempt('a/m', { status: 401, providerMessage: 'Incorrect API key provided: sk-abc' })] });
    expect(error.message).not.toContain('sk-abc');
  });

  it('says when to come back where nothing was tried', () => {
    const open = { target: 'a/m', reason: 'breaker_open' as const, untilMs: 9_000 };
    expect(finalError({ failed: [], passedOver: [open], nowMs: 5_000 })).toMatchObject({
      code: 'no_target_available',
      retryAfterMs: 4_000,
    });
    const throttled = { target: 'b/m', reason: 'throttled' as const, untilMs: 7_500 };
    expect(finalError({ failed: [], passedOver: [throttled], nowMs: 5_000 })).toMatchObject({
      code: 'rate_limit_exceeded',
      retryAfterMs: 2_500,
    });
  });
});
