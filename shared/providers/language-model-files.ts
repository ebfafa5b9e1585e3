import type { LanguageModelV4, LanguageModelV4FilePart, LanguageModelV4Message, LanguageModelV4Prompt } from '@ai-sdk/provider';
import { GatewayError } from '../errors/gateway-error.ts';
import type { HttpClient, UpstreamResponse } from './http-client.ts';
import { readBody } from './read-body.ts';
import type { Attempt } from './transport.ts';
import { UpstreamFailure } from './upstream-failure.ts';

/** The largest file that is fetched on behalf of a provider, in bytes. */
const maxFileBytes = 20 * 1024 * 1024;
const mostRedirects = 3;

/**
 * Fetches the files that the prompt names by URL and the provider does not fetch itself, such as images for Bedrock.
 * These addresses are the caller's, so private ones are refused whatever the provider's configuration says.
 * @throws GatewayError `invalid_request` for a file that cannot be fetched.
 */
export async function withFilesInline(
  prompt: LanguageModelV4Prompt,
  model: LanguageModelV4,
  client: Pick<HttpClient, 'send'>,
  attempt: Attempt,
): Promise<LanguageModelV4Prompt> {
  if (!prompt.some(namesUrl)) return prompt;
  const supported = await model.supportedUrls;
  return await Promise.all(
    prompt.map(async (message) => {
      if (message.role !== 'user') return message;
      const content = await Promise.all(
        message.content.map((part) => (part.type === 'file' && part.data.type === 'url' ? inline(part, supported, client, attempt) : part)),
      );
      return { ...message, content };
    }),
  );
}

function namesUrl(message: LanguageModelV4Message): boolean {
  return message.role === 'user' && message.content.some((part) => part.type === 'file' && part.data.type === 'url');
}

async function inline(
  part: LanguageModelV4FilePart,
  supported: Readonly<Record<string, readonly RegExp[]>>,
  client: Pick<HttpClient, 'send'>,
  attempt: Attempt,
): Promise<LanguageModelV4FilePart> {
  if (part.data.type !== 'url') return part;
  const { url } = part.data;
  const mediaType = part.mediaType.endsWith('/*') ? (typeByName(url) ?? part.mediaType) : part.mediaType;
  if (takesUrl(mediaType, url, supported)) return { ...part, mediaType };
  const file = await fetchFile(url, client, attempt);
  return { ...part, mediaType: file.mediaType ?? mediaType, data: { type: 'data', data: file.bytes } };
}

function takesUrl(mediaType: string, url: URL, supported: Readonly<Record<string, readonly RegExp[]>>): boolean {
  return Object.entries(supported).some(([pattern, urls]) => {
    const fits =
      pattern === '*' ||
      pattern === '*/*' ||
      pattern === mediaType ||
      (pattern.endsWith('/*') && mediaType.startsWith(pattern.slice(0, -1)));
    return fits && urls.some((known) => known.test(url.href));
  });
}

const typesByEnding: ReadonlyMap<string, string> = new Map(
  Object.entries({
    png: 'image/png',
    jpg: 'image/jpeg',
    jpeg: 'image/jpeg',
    gif: 'image/gif',
    webp: 'image/webp',
  }),
);

function typeByName(url: URL): string | undefined {
  const ending = /\.([a-z]+)$/i.exec(url.pathname)?.[1]?.toLowerCase();
  return ending === undefined ? undefined : typesByEnding.get(ending);
}

async function fetchFile(
  url: URL,
  client: Pick<HttpClient, 'send'>,
  attempt: Attempt,
): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string | undefined }> {
  try {
    const response = await follow(url, client, attempt, mostRedirects);
    const bytes = await readBody(response, {
      maxBytes: maxFileBytes,
      idleMs: attempt.timeouts.idleMs,
      host: url.hostname,
      signal: attempt.signal,
    });
    return { bytes, mediaType: response.headers['content-type']?.split(';')[0]?.trim() };
  } catch (error) {
    if (!(error instanceof UpstreamFailure) || error.kind === 'aborted' || error.kind === 'total_timeout') throw error;
    throw new GatewayError('invalid_request', `A file of the request cannot be fetched from ${url.hostname}: ${error.message}.`, {
      cause: error,
    });
  }
}

async function follow(url: URL, client: Pick<HttpClient, 'send'>, attempt: Attempt, redirects: number): Promise<UpstreamResponse> {
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new UpstreamFailure('unreachable', 'only http and https URLs are fetched');
  const { timeouts, signal } = attempt;
  const response = await client.send({
    url,
    method: 'GET',
    headers: { accept: '*/*', 'user-agent': 'sluice' },
    body: undefined,
    timeouts,
    allowPrivateAddress: false,
    signal,
  });
  if (response.status >= 200 && response.status < 300) return response;
  response.abort();
  const next = response.headers.location === undefined ? null : URL.parse(response.headers.location, url.href);
  if (response.status < 300 || response.status > 399 || next === null || redirects === 0)
    throw new UpstreamFailure('status', `${url.hostname} answered ${response.status}`, { status: response.status });
  return await follow(next, client, attempt, redirects - 1);
}
