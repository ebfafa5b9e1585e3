import type { ConfigSource } from '../config/live-config.ts';
import { mayCallModel } from '../control/model-access.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { type Plan, planFor } from '../routing/plan.ts';
import { type GatewayMiddleware, known } from './exchange.ts';

/** Finds where the call may go, and leaves out what its key may not call. */
export function plan(options: { readonly config: ConfigSource; readonly random: () => number }): GatewayMiddleware {
  return {
    before: async function planBefore(request): Promise<undefined> {
      const { exchange } = request.context;
      const { call } = exchange;
      if (call === undefined) return;
      const principal = known(exchange.principal, 'principal');
      exchange.config = await options.config.current();
      const found = planFor(call.model, exchange.config, options.random);
      exchange.plan = allowed(found, (names) => mayCallModel(principal, names));
    },
  };
}

/** A key may be allowed a route by its name, or only some of the models it leads to. */
function allowed(found: Plan, mayCall: (names: readonly string[]) => boolean): Plan {
  const targets = found.targets.filter((target) => mayCall([found.requested, target.name]));
  if (targets.length > 0) return { ...found, targets };
  throw new GatewayError('model_not_allowed', `This key may not call '${found.requested}'. GET /v1/models lists what it may call.`, {
    param: 'model',
  });
}
