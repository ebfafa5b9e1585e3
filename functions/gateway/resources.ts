import type { LiveConfig } from '../../shared/config/live-config.ts';
import type { Principal } from '../../shared/control/directory.ts';
import { renderOwnKey } from '../../shared/control/render-own-key.ts';
import { GatewayError } from '../../shared/errors/gateway-error.ts';
import type { Endpoint } from '../../shared/middleware/endpoints.ts';
import { type Exchange, type GatewayResponse, known } from '../../shared/middleware/exchange.ts';
import { findListedModel, type ListOptions, listModels } from '../../shared/middleware/list-models.ts';
import { renderModel, renderModelList } from '../../shared/middleware/list-models-shapes.ts';
import { listShape } from '../../shared/middleware/list-shape.ts';
import { safeHeaders } from '../../shared/middleware/safe-headers.ts';
import { costBound } from '../../shared/pricing/cost-bound.ts';
import { ratesAt } from '../../shared/pricing/price.ts';
import { fieldsFrom } from '../../shared/pricing/price-fields.ts';
import type { CallRecords } from '../../shared/store/record-calls.ts';
import { renderCallRecord } from '../../shared/telemetry/render-call-record.ts';
import type { GatewayParts } from './wiring.ts';

/** Answers what is no call: the models a key may call, the key itself, liveness. */
export async function answerResource(
  exchange: Exchange,
  endpoint: Extract<Endpoint, { kind: 'models' | 'key' | 'health' | 'generation' }>,
  parts: () => Promise<GatewayParts>,
): Promise<GatewayResponse> {
  if (endpoint.kind === 'health') return jsonResponse(exchange, { status: 'ok' });
  const { config, ledger, records } = await parts();
  const principal = known(exchange.principal, 'principal');
  if (endpoint.kind === 'key') return jsonResponse(exchange, await renderOwnKey(principal, ledger, Date.now()));
  if (endpoint.kind === 'generation') return jsonResponse(exchange, await generation(exchange.http.query.id, principal, records));
  return jsonResponse(exchange, models(exchange, endpoint.id, await config.current(), principal));
}

/** A key sees its own calls; that another's exist is not told. */
async function generation(id: string | undefined, principal: Principal, records: Pick<CallRecords, 'find'>) {
  if (id === undefined) {
    throw new GatewayError('invalid_request', 'Say which call: /v1/generation?id=, with the x-sluice-request-id of its answer.', {
      param: 'id',
    });
  }
  const record = await records.find(id);
  if (record?.keyId === principal.key.id) return { data: renderCallRecord(record) };
  throw new GatewayError('not_found', 'This key made no such call, or it is still under way, or its record is no longer kept.', {
    param: 'id',
  });
}

function models({ http }: Exchange, id: string | undefined, config: LiveConfig, principal: Principal) {
  const options: ListOptions = {
    pricing: (target) => {
      const price = config.priceOf(target);
      if (price === undefined) return null;
      const perMillion = (inputTokens: number, maxOutputTokens: number): number =>
        costBound({
          price,
          inputTokens,
          maxOutputTokens,
          atMs: Date.now(),
          accountTier: false,
          promptCache: 'none',
          audioInput: false,
          audioOutput: false,
        }) / 1_000;
      // A thousand tokens: below every tier of long contexts, and nano-USD a token is USD a billion.
      const stated = fieldsFrom(ratesAt(price, 1_000, Date.now()));
      return { ...stated, input: perMillion(1_000, 0) / 1_000, output: perMillion(0, 1_000) / 1_000 };
    },
  };
  const shape = listShape(http.path, http.headers);
  return id === undefined
    ? renderModelList(shape, listModels(config, principal, options), http.query)
    : renderModel(shape, findListedModel(id, config, principal, options));
}

/** An answer of the gateway itself. */
export function jsonResponse(exchange: Exchange, body: object): GatewayResponse {
  exchange.status = 200;
  return {
    statusCode: 200,
    headers: safeHeaders({ 'content-type': 'application/json', 'cache-control': 'no-store', ...exchange.responseHeaders }),
    body: exchange.http.method === 'HEAD' ? '' : JSON.stringify(body),
  };
}
