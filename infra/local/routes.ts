/** The function that answers a request, and how the API names the way to it. */
export interface Route {
  readonly target: 'gateway' | 'admin';
  /** The resource of the API that matched, such as `/v1/{proxy+}`. */
  readonly resource: string;
  /** The part of the path under that resource, percent-encoding kept; null for a resource without a wildcard. */
  readonly proxy: string | null;
}

interface Resource {
  readonly base: string;
  readonly target: Route['target'];
  readonly kind: 'exact' | 'under';
  readonly methods: readonly string[] | 'ANY';
}

/** The same resources as the deployed API has. */
const resources: readonly Resource[] = [
  { base: '/v1', kind: 'under', methods: 'ANY', target: 'gateway' },
  { base: '/v1beta', kind: 'under', methods: 'ANY', target: 'gateway' },
  { base: '/health', kind: 'exact', methods: ['GET', 'HEAD'], target: 'gateway' },
  { base: '/admin', kind: 'under', methods: 'ANY', target: 'admin' },
  { base: '/console', kind: 'exact', methods: ['GET'], target: 'admin' },
  { base: '/console', kind: 'under', methods: ['GET'], target: 'admin' },
];

/** Finds the route of a request; undefined where the API would refuse it without asking a function. */
export function findRoute(method: string, path: string): Route | undefined {
  for (const { base, kind, methods, target } of resources) {
    if (methods !== 'ANY' && !methods.includes(method)) continue;
    if (kind === 'exact' && path === base) return { target, resource: base, proxy: null };
    if (kind === 'under' && path.startsWith(`${base}/`) && path.length > base.length + 1) {
      return { target, resource: `${base}/{proxy+}`, proxy: path.slice(base.length + 1) };
    }
  }
  return undefined;
}
