import type { LiveConfig } from '../../shared/config/live-config.ts';
import type { Principal } from '../../shared/control/directory.ts';
import { renderOwnKey } from '../../shared/control/render-own-key.ts';
import type { Endpoint } from '../../shared/middleware/endpoints.ts';
import { type Exchange, type GatewayResponse, known } from '../../shared/middleware/exchange.ts';
import { findListedModel, type ListOptions, listModels } from '../../shared/middleware/list-models.ts';
import { safeHeaders } from '../../shared/middleware/safe-headers.ts';
import { costBound } from '../../shared/pricing/cost-bound.ts';
import type { GatewayParts } from './wiring.ts';

/** Answers what is no call: the models a key may call, the key itself, liveness. */
export async function answerResource(
  exchange: Exchange,
  endpoint: Extract<Endpoint, { kind: 'models' | 'key' | 'health' }>,
  parts: () => Promise<GatewayParts>,
): Promise<GatewayResponse> {
  if (endpoint.kind === 'health') return jsonResponse(exchange, { status: 'ok' });
  const { config, ledger } = await parts();
  const principal = known(exchange.principal, 'principal');
  if (endpoint.kind === 'key') return jsonResponse(exchange, await renderOwnKey(principal, ledger, Date.now()));
  return jsonResponse(exchange, models(endpoint.id, await config.current(), principal));
}

function models(id: string | undefined, config: LiveConfig, principal: Principal) {
  const options: ListOptions = {
    pricing: (target) => {
      const price = config.priceOf(target);
      if (price === undefined) return null;
      const perMillion = (inputTokens: number, maxOutputTokens: number): number =>
        costBound({ price, inputTokens, maxOutputTokens, atMs: Date.now(), promptCache: 'none', audioInput: false, audioOutput: false }) /
        1_000;
      // A thousand tokens: below every tier of long contexts, and nano-USD a token is USD a billion.
      return { input: perMillion(1_000, 0) / 1_000, output: perMillion(0, 1_000) / 1_000 };
    },
  };
  return id === undefined
    ? { object: 'list', data: listModels(config, principal, options) }
    : findListedModel(id, config, principal, options);
}

function jsonResponse(exchange: Exchange, body: object): GatewayResponse {
  exchange.status = 200;
  return {
    statusCode: 200,
    headers: safeHeaders({ 'content-type': 'application/json', 'cache-control': 'no-store', ...exchange.responseHeaders }),
    body: JSON.stringify(body),
  };
}
