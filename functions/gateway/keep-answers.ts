import { keepAnswer, revalidate } from '../../shared/middleware/cache-keep.ts';
import type { Exchange } from '../../shared/middleware/exchange.ts';
import { keepIdempotent } from '../../shared/middleware/idempotency.ts';
import { costAt, type GatewayParts } from './wiring.ts';

/** Keeps a call's answer where others may have it, while its books are closed. */
export async function keepAnswers<Closed>(exchange: Exchange, parts: GatewayParts, settle: () => Promise<Closed>): Promise<Closed> {
  const { cache, idempotency, routing } = parts;
  const ports = { cache, routing, costOf: costAt((target) => exchange.config?.priceOf(target)) };
  const repeatable = keepIdempotent(exchange, idempotency, ports);
  if (exchange.cache?.revalidation !== undefined) {
    // What is kept for a repetition is what the caller got, not what replaces it.
    await repeatable;
    await revalidate(exchange, ports);
  }
  const [closed] = await Promise.all([settle(), keepAnswer(exchange, ports), repeatable]);
  return closed;
}
