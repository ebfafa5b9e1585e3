import type { Key } from './shapes.ts';
import { badge } from './view.ts';

/** Whether a key can be used, as a badge. */
export function keyState(key: Pick<Key, 'disabled' | 'expires_at'>): HTMLElement {
  if (key.disabled) return badge('disabled', 'warn');
  if (key.expires_at !== null && Date.parse(key.expires_at) <= Date.now()) return badge('expired', 'bad');
  return badge('active', 'good');
}
