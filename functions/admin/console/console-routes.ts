import { createHash } from 'node:crypto';
import { GatewayError } from '../../../shared/errors/gateway-error.ts';
import { once } from '../../../shared/middleware/once.ts';
import type { AdminAnswer, AdminRequest, AdminRoute } from '../operation.ts';

/**
 * What the page may do: load its own script, style and icon, and call its own gateway. No inline script or style,
 * no markup made from text, no frame, no other host. https://www.w3.org/TR/CSP3/
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const headers = {
  // Kept by the browser, but asked for anew each time: a new deployment is seen at once, an old one costs a 304.
  'cache-control': 'no-cache',
  'content-security-policy': contentSecurityPolicy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

interface Asset {
  readonly contentType: string;
  readonly content: string;
  readonly etag: string;
}

/**
 * `GET /console` and what the page loads, open to everybody: it is the same for every gateway, and shows nothing
 * until somebody gives it a key. The assets are read by the first request for one, not when the function starts.
 */
export function consoleRoutes(): readonly AdminRoute[] {
  const assets = once(loadAssets);
  const serve = async (name: string, request: AdminRequest): Promise<AdminAnswer> => answerWith((await assets()).get(name), request);
  return [
    { method: 'GET', path: '/console', open: true, operation: (request) => serve('index.html', request) },
    { method: 'GET', path: '/console/{asset}', open: true, operation: (request) => serve(request.params.asset ?? '', request) },
  ];
}

async function loadAssets(): Promise<ReadonlyMap<string, Asset>> {
  const { consoleAssets } = await import('./console-assets.generated.ts');
  return new Map(
    Object.entries(consoleAssets).map(([name, { contentType, content }]) => {
      const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
      return [name, { contentType, content, etag }];
    }),
  );
}

function answerWith(asset: Asset | undefined, { ifNoneMatch }: AdminRequest): AdminAnswer {
  if (asset === undefined) throw new GatewayError('not_found', 'The console has no such file. The page itself is at /console.');
  const { contentType, content, etag } = asset;
  const known = ifNoneMatch?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag) === true;
  return {
    status: known ? 304 : 200,
    body: {},
    text: { contentType, content: known ? '' : content },
    headers: { ...headers, etag },
  };
}
