import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GatewayError } from '../../shared/errors/gateway-error.ts';
import { ConfiguredProvider } from '../../shared/providers/configured-provider.ts';
import { HttpClient } from '../../shared/providers/http-client.ts';
import { forwardedHeaders, PassThroughClient } from '../../shared/providers/pass-through.ts';
import { passThroughUrl, withoutVersion } from '../../shared/providers/pass-through-url.ts';
import { UpstreamFailure } from '../../shared/providers/upstream-failure.ts';

const base = 'https://api.example.com/v1';

describe('an address', () => {
  it('never leads out of the base URL, whatever the path', () => {
    const piece = fc.oneof(
      fc.constantFrom('..', '.', '', '%2e%2e', '%2F', '%5C', '\\', '//evil.example', '@evil', '?x', '#y', '%25', '%', ':80', 'files'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 6 }), (pieces) => {
        let url: URL;
        try {
          url = passThroughUrl(base, pieces.join('/'), []);
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
          return;
        }
        expect(url.origin).toBe('https://api.example.com');
        expect(url.pathname.startsWith('/v1/')).toBe(true);
        expect(url.search + url.hash + url.username).toBe('');
        expect(decodeURIComponent(url.pathname)).not.toMatch(/\/\.{1,2}(\/|$)|\/\/|\\/);
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    ['https://api.example.com/v1', 'v1/files', 'files', '/v1/files'],
    ['https://api.example.com/v1', 'v1/v1/files', 'files', '/v1/files'],
    ['https://api.example.com/v1', 'v%31/files', 'files', '/v1/files'],
    ['https://api.example.com/v1', 'files/v1', 'files/v1', '/v1/files/v1'],
    ['https://api.example.com/v1', 'v1', 'v1', '/v1'],
    ['https://api.example.com/v1beta', 'v1/interactions', 'v1/interactions', '/v1/interactions'],
    ['https://api.example.com/v1beta', 'v1beta/interactions/x', 'interactions/x', '/v1beta/interactions/x'],
    ['https://api.example.com/v1beta', 'v1alpha/x', 'v1alpha/x', '/v1alpha/x'],
    ['https://api.example.com/openai/v1', 'v1/files', 'files', '/openai/v1/files'],
    ['https://api.example.com', 'v1/files', 'v1/files', '/v1/files'],
  ])('%s takes %s, in which a client has put a version, as %s', (baseUrl, path, name, pathname) => {
    expect(withoutVersion(baseUrl, path)).toBe(name);
    expect(passThroughUrl(baseUrl, name, []).pathname).toBe(pathname);
  });

  it('keeps the query as it was', () => {
    expect(
      passThroughUrl(base, 'files', [
        ['a', '1 2'],
        ['a', '&'],
      ]).search,
    ).toBe('?a=1+2&a=%26');
  });
});

describe('headers', () => {
  it('that belong to one connection, to the gateway or to an account stay here', () => {
    expect(
      forwardedHeaders({
        connection: 'close, X-Hop',
        'x-hop': '1',
        host: 'gateway',
        authorization: 'Bearer sk',
        'x-api-key': 'sk',
        'x-goog-api-key': 'sk',
        'openai-organization': 'org',
        'x-amzn-trace-id': 't',
        'x-forwarded-for': '::1',
        'x-sluice-tags': '{}',
        'proxy-authorization': 'x',
        'content-type': 'application/json',
        'anthropic-beta': 'files-api-2025-04-14',
      }),
    ).toEqual({ 'content-type': 'application/json', 'anthropic-beta': 'files-api-2025-04-14' });
  });
});

describe('a private address', () => {
  it('is not reached unless the operator allows it', async () => {
    const secrets = { read: async () => 'key' };
    const provider = new ConfiguredProvider(
      'up',
      { type: 'openai-compatible', base_url: 'http://127.0.0.1:9/v1' },
      { secrets, environment: {} },
    );
    const client = new HttpClient();
    const sent = new PassThroughClient(client, { headersFor: async () => ({}) }).send({
      provider,
      method: 'GET',
      path: 'files',
      query: [],
      headers: {},
      body: '',
      timeouts: { connectMs: 500, firstByteMs: 500, idleMs: 500, totalMs: 500 },
      signal: new AbortController().signal,
    });
    await expect(sent).rejects.toBeInstanceOf(UpstreamFailure);
    await expect(sent).rejects.toMatchObject({ facts: { providerCode: 'private_address' } });
    client.close();
  });
});
