import type { JsonObject } from '../calls/json.ts';
import type { NativeTarget } from './dialect.ts';

/** Names the tier that money is held for, where the body names none: absent and `auto` mean what the account is set to. */
export function nameServiceTier(body: JsonObject, { bounds }: Pick<NativeTarget, 'bounds'>): void {
  if (bounds?.serviceTier !== undefined && (body.service_tier ?? 'auto') === 'auto') body.service_tier = bounds.serviceTier;
}
