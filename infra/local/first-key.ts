import * as z from 'zod';
import type { Credentials } from './credentials.ts';

const createdKeySchema = z.object({ id: z.string(), key: z.string() });

/**
 * Makes sure that there is a virtual key to try the gateway with: the one kept from an earlier start
 * while the control plane still knows it, else a new one.
 * @throws Error when the control plane refuses, with its answer.
 */
export async function ensureFirstKey(url: string, credentials: Credentials): Promise<{ readonly id: string; readonly key: string }> {
  const headers = { authorization: `Bearer ${credentials.adminKey}`, 'content-type': 'application/json' };
  const kept = credentials.firstKey;
  if (kept) {
    const known = await fetch(`${url}/admin/keys/${encodeURIComponent(kept.id)}`, { headers });
    await known.body?.cancel();
    if (known.status !== 404) return kept;
  }
  const created = await fetch(`${url}/admin/keys`, { method: 'POST', headers, body: JSON.stringify({ name: 'first key' }) });
  const text = await created.text();
  if (!created.ok) throw new Error(`POST /admin/keys answered ${created.status}: ${text.slice(0, 300)}`);
  return createdKeySchema.parse(JSON.parse(text));
}
