import { GatewayError } from '../../shared/errors/gateway-error.ts';
import type { AdminRoute } from './operation.ts';

/**
 * The route for a request and the values of its path's `{name}` segments.
 * @throws GatewayError `not_found` for an unknown path, `invalid_request` with status 405 and `Allow` for a known one.
 */
export function findRoute(
  routes: readonly AdminRoute[],
  method: string,
  path: string,
): { readonly route: AdminRoute; readonly params: Readonly<Record<string, string>> } {
  const segments = segmentsOf(path);
  const allowed: string[] = [];
  for (const route of routes) {
    const params = matchSegments(route.path, segments);
    if (!params) continue;
    if (route.method === method) return { route, params };
    allowed.push(route.method);
  }
  if (allowed.length > 0) {
    throw new GatewayError('invalid_request', `${path} does not take ${method}, only ${allowed.join(', ')}.`, {
      status: 405,
      headers: { allow: allowed.join(', ') },
    });
  }
  throw new GatewayError('not_found', `The control plane has nothing at ${path}.`);
}

/** Whether a request is for a route that needs no key. What matches no route needs one. */
export function isOpen(routes: readonly AdminRoute[], method: string, path: string): boolean {
  const segments = segmentsOf(path);
  return routes.some((route) => route.open === true && route.method === method && matchSegments(route.path, segments) !== undefined);
}

function segmentsOf(path: string): readonly (string | undefined)[] {
  return path
    .replace(/^\/|\/$/g, '')
    .split('/')
    .map(decodedSegment);
}

/** API Gateway hands on some paths decoded and some not; an id has no `%`, so decoding twice does no harm. */
function decodedSegment(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    // Not percent-encoding: then it is no id and no name of ours either.
    return undefined;
  }
}

function matchSegments(pattern: string, segments: readonly (string | undefined)[]): Record<string, string> | undefined {
  const expected = pattern.slice(1).split('/');
  if (expected.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of expected.entries()) {
    const segment = segments[index];
    if (segment === undefined || segment === '') return undefined;
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name !== undefined) params[name] = segment;
    else if (part !== segment) return undefined;
  }
  return params;
}
