import { Readable } from 'node:stream';
import type { LanguageModelV4, LanguageModelV4Prompt } from '@ai-sdk/provider';
import { describe, expect, it } from 'vitest';
import { chatCompletions } from '../../shared/dialects/chat-completions.ts';
import { ConfiguredProvider } from '../../shared/providers/configured-provider.ts';
import { HttpClient, type UpstreamRequest, type UpstreamResponse } from '../../shared/providers/http-client.ts';
import { withFilesInline } from '../../shared/providers/language-model-files.ts';
import type { Attempt } from '../../shared/providers/transport.ts';

const provider = new ConfiguredProvider(
  'bedrock',
  { allow_private_address: true },
  { secrets: { read: async () => 'k' }, environment: {} },
);
const attempt: Attempt = {
  call: chatCompletions.parse({
    body: { model: 'm', messages: [{ role: 'user', content: 'x' }] },
    bodyBytes: 1,
    headers: {},
    query: {},
    path: {},
  }),
  dialect: chatCompletions,
  provider,
  model: 'm',
  overrides: {},
  maxOutputTokens: undefined,
  timeouts: { connectMs: 500, firstByteMs: 500, idleMs: 500, totalMs: 5_000 },
  signal: new AbortController().signal,
  headers: {},
};

function modelThatFetches(supportedUrls: Record<string, RegExp[]>): LanguageModelV4 {
  const never = () => Promise.reject(new Error('not asked here'));
  return { specificationVersion: 'v4', provider: 'test', modelId: 'm', supportedUrls, doGenerate: never, doStream: never };
}

function promptWith(url: string): LanguageModelV4Prompt {
  return [{ role: 'user', content: [{ type: 'file', mediaType: 'image/*', data: { type: 'url', url: new URL(url) } }] }];
}

/** Answers by URL, as hosts on the internet would. */
function web(pages: Record<string, { status?: number; headers?: Record<string, string>; body?: string }>) {
  const asked: UpstreamRequest[] = [];
  const send = async (request: UpstreamRequest): Promise<UpstreamResponse> => {
    asked.push(request);
    const page = pages[request.url.href] ?? { status: 404 };
    return {
      status: page.status ?? 200,
      headers: page.headers ?? {},
      body: Readable.from([Buffer.from(page.body ?? '')]),
      abort: () => {},
    };
  };
  return { asked, send };
}

describe('a file that the provider does not fetch', () => {
  it('is put inline with the type its host gives it, over redirects', async () => {
    const pages = web({
      'https://images.test/a': { status: 302, headers: { location: '/b.png' } },
      'https://images.test/b.png': { headers: { 'content-type': 'image/png; charset=binary' }, body: 'PNG' },
    });
    const [message] = await withFilesInline(promptWith('https://images.test/a'), modelThatFetches({}), pages, attempt);
    expect(message).toMatchObject({ content: [{ mediaType: 'image/png', data: { type: 'data', data: Buffer.from('PNG') } }] });
    expect(pages.asked.every(({ allowPrivateAddress }) => !allowPrivateAddress)).toBe(true);
  });

  it.each([
    ['http://127.0.0.1/latest', /private address/],
    ['http://169.254.169.254/latest/meta-data', /private address/],
    ['http://[::1]/x', /private address/],
    ['file:///etc/passwd', /only http and https/],
  ])('is never fetched from %s, whatever the provider allows', async (url, reason) => {
    const fetched = withFilesInline(promptWith(url), modelThatFetches({}), new HttpClient(), attempt);
    await expect(fetched).rejects.toThrow(reason);
    await expect(fetched).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('that leads to a private address by a redirect is refused as well', async () => {
    const real = new HttpClient();
    const pages = web({ 'https://images.test/a': { status: 302, headers: { location: 'http://127.0.0.1/x' } } });
    const client = {
      send: (request: UpstreamRequest) => (request.url.hostname === 'images.test' ? pages.send(request) : real.send(request)),
    };
    await expect(withFilesInline(promptWith('https://images.test/a'), modelThatFetches({}), client, attempt)).rejects.toThrow(
      /private address/,
    );
  });

  it("that is not there is told as the caller's mistake", async () => {
    const fetched = withFilesInline(promptWith('https://images.test/none'), modelThatFetches({}), web({}), attempt);
    await expect(fetched).rejects.toMatchObject({ code: 'invalid_request', message: expect.stringContaining('answered 404') });
  });
});

describe('a file that the provider fetches', () => {
  it('stays a URL, with the type its name tells', async () => {
    const pages = web({});
    const [message] = await withFilesInline(
      promptWith('https://images.test/a.jpg'),
      modelThatFetches({ 'image/*': [/^https:/] }),
      pages,
      attempt,
    );
    expect(message).toMatchObject({ content: [{ mediaType: 'image/jpeg', data: { type: 'url' } }] });
    expect(pages.asked).toEqual([]);
  });
});
