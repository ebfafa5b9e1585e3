import { Api, ApiError } from './api.ts';

/** What a key opens. */
export type KeyKind = 'admin' | 'virtual';

/** An opened console. */
export interface Session {
  readonly kind: KeyKind;
  readonly key: string;
  readonly api: Api;
}

/** Keys live in the tab alone: closing it forgets them, no other tab and no URL ever holds them. */
const storage = sessionStorage;
const names = { key: 'sluice.key', kind: 'sluice.kind', playground: 'sluice.playground-key', recent: 'sluice.recent-calls' } as const;

/** The session this tab was left in, if there is one. */
export function storedSession(): Session | undefined {
  const key = storage.getItem(names.key);
  const kind = storage.getItem(names.kind);
  if (!key || (kind !== 'admin' && kind !== 'virtual')) return undefined;
  return { key, kind, api: new Api(key) };
}

/**
 * Finds out what a key opens and keeps it for this tab.
 * @throws ApiError `invalid_api_key` where it opens nothing, or what else the gateway said.
 */
export async function openSession(given: string): Promise<Session> {
  const key = given.trim();
  const api = new Api(key);
  // Virtual keys look like sk-…; an admin key may look like anything, so the likelier one is tried first.
  const order: readonly KeyKind[] = key.startsWith('sk-') ? ['virtual', 'admin'] : ['admin', 'virtual'];
  let refusal: unknown;
  for (const kind of order) {
    try {
      await api.get(kind === 'admin' ? '/admin/keys' : '/v1/key', kind === 'admin' ? { query: { limit: 1 } } : {});
      storage.setItem(names.key, key);
      storage.setItem(names.kind, kind);
      return { key, kind, api };
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'invalid_api_key') refusal ??= error;
    }
  }
  throw refusal ?? new ApiError(401, 'invalid_api_key', 'This gateway does not know this key. Check that it was copied whole.');
}

/** Forgets every key. */
export function closeSession(): void {
  for (const name of Object.values(names)) storage.removeItem(name);
}

/** The virtual key an admin uses in the playground. */
export function playgroundKey(): string | undefined {
  return storage.getItem(names.playground) ?? undefined;
}

/** Keeps the playground's key for this tab, or forgets it. */
export function keepPlaygroundKey(key: string | undefined): void {
  if (key === undefined) storage.removeItem(names.playground);
  else storage.setItem(names.playground, key);
}
