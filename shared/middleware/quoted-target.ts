import type { QuotedTarget } from '../admission/quote.ts';
import type { Call } from '../calls/call.ts';
import type { LiveConfig } from '../config/live-config.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { tierUnasked, unboundedTool } from '../routing/spending-bounds.ts';
import type { Target } from '../routing/target.ts';

/** A call on its way to a target, and what prices it. */
export interface Quoting {
  readonly call: Call;
  readonly dialect: Dialect;
  readonly config: Pick<LiveConfig, 'priceOf'>;
}

/** A target as its costs are quoted. */
export function quotedTarget(target: Target, { call, dialect, config }: Quoting): QuotedTarget {
  const { name, provider, model } = target;
  const asked = asKept(target, callAt(target, call, dialect));
  return {
    name,
    catalogueId: provider.row.id,
    model,
    price: config.priceOf(target),
    contextLength: provider.limits(model).contextLength,
    call: asked,
    unaskedTier: tierUnasked(target, asked),
  };
}

/**
 * Refuses a call under a budget whose provider would run tools of its own without end, or of a price nobody knows.
 * @param quoted the target as it is quoted, which has read the call as it will be sent.
 */
export function refuseUnboundedTools(target: Target, call: Call, quoted: QuotedTarget): void {
  const found = unboundedTool(target, quoted.call ?? call, quoted.price);
  if (found === undefined) return;
  if (found !== 'unbounded') {
    throw new GatewayError(
      'unpriced_model',
      `What '${found.unpriced}' costs at ${target.name} is not known before nor after, and a call under a budget needs a price. Leave ${found.field === undefined ? 'the tool' : 'it'} out.`,
      { param: found.field ?? 'tools' },
    );
  }
  throw new GatewayError(
    'unsupported_parameter',
    `${target.name} would run tools of its own, each use at a price, and nothing bounds how often: a call under a budget has to have a bound. Leave the tools out, or ask the operator to set providers.${target.provider.id}.unbounded_tools to assume.`,
    { param: 'tools' },
  );
}

/** A prompt that the gateway marks for the provider's cache costs what writing it does. */
function asKept({ provider, model, overrides }: Target, call: Call): Call {
  const promptCache = provider.keepsPrompt(model, call, overrides);
  return promptCache === undefined ? call : { ...call, content: { ...call.content, promptCache } };
}

/** What a target's settings replace in the body may change how much it can cost: then the call is read anew as it will be sent. */
function callAt({ overrides }: Target, call: Call, dialect: Dialect): Call {
  const { provider: _routing, ...own } = overrides;
  if (call.form !== undefined || Object.keys(own).length === 0) return call;
  const body = { ...call.body, ...own };
  return dialect.parse({
    body,
    bodyBytes: Buffer.byteLength(JSON.stringify(body)),
    headers: call.forwardedHeaders,
    query: {},
    path: { model: call.model, action: call.stream ? 'streamGenerateContent' : 'generateContent' },
  });
}
