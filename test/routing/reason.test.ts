import { describe, expect, it } from 'vitest';
import { UpstreamFailure } from '../../shared/providers/upstream-failure.ts';
import { reasonOf } from '../../shared/routing/reason.ts';

describe('the reason of a failed attempt', () => {
  it('is what the gateway saw, with the code that the provider gave', () => {
    expect(reasonOf(new UpstreamFailure('cut', 'the connection to up broke: ECONNRESET', { providerCode: 'ECONNRESET' }))).toBe(
      'the connection to up broke: ECONNRESET',
    );
    expect(reasonOf(new UpstreamFailure('status', 'up answered 429', { status: 429, providerCode: 'insufficient_quota' }))).toBe(
      'up answered 429 (insufficient_quota)',
    );
    expect(reasonOf(new UpstreamFailure('fault', 'up reported an error', { providerType: 'overloaded_error' }))).toBe(
      'up reported an error (overloaded_error)',
    );
  });

  it('holds nothing that the provider wrote in sentences, whatever field it stands in', () => {
    const facts = { status: 400, providerCode: 'You said: my secret', providerMessage: 'You said: my secret' };
    expect(reasonOf(new UpstreamFailure('status', 'up answered 400', facts))).toBe('up answered 400');
  });

  it('is short', () => {
    expect(reasonOf(new UpstreamFailure('cut', 'x'.repeat(1_000)))).toHaveLength(240);
  });
});
