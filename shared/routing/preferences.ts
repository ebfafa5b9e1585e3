import * as z from 'zod';

const slugs = z.array(z.string().min(1).max(128)).max(64);
const price = z.number().nonnegative();

/**
 * A request's own routing, in the words of https://openrouter.ai/docs/features/provider-routing. Fields of theirs that
 * name nothing here (`quantizations`, `zdr`, …) are let through for providers that know them.
 */
export const providerPreferencesSchema = z.looseObject({
  order: slugs.optional().describe('Providers to try first, in this order.'),
  only: slugs.optional().describe('The only providers that may be tried.'),
  ignore: slugs.optional().describe('Providers that may not be tried.'),
  allow_fallbacks: z.boolean().optional().describe('Whether others than the first may be tried. Default true.'),
  require_parameters: z
    .boolean()
    .optional()
    .describe('Whether to leave out models known to lack what the request asks for. Default false.'),
  sort: z
    .enum(['price', 'throughput', 'latency'])
    .optional()
    .describe('Order by price, throughput or latency instead of the strategy of the route.'),
  max_price: z
    .looseObject({ prompt: price.optional(), completion: price.optional() })
    .optional()
    .describe('USD per million tokens above which a target is left out; one without a known price is left out too.'),
  data_collection: z
    .enum(['allow', 'deny'])
    .optional()
    .describe('deny leaves out providers that are not declared `data_collection: deny` in gateway.yaml. Default allow.'),
});

/** See {@link providerPreferencesSchema}. */
export type ProviderPreferences = z.infer<typeof providerPreferencesSchema>;

/** Further models for a request, tried in order after the one it names. */
export const fallbackModelsSchema = z
  .array(
    z
      .string()
      .min(1)
      .max(256)
      .regex(/^[\x21-\x7e]+$/),
  )
  .max(16);

/** What an operator sets on a key for the routing of its calls. */
export const keyRoutingSchema = {
  models: fallbackModelsSchema.optional().describe('Models tried after the one a call names, unless the call brings its own.'),
  provider: providerPreferencesSchema.optional().describe('Pinned over what calls bring: `only` narrows, `ignore` adds, the rest wins.'),
  request_routing: z
    .enum(['allow', 'ignore', 'refuse'])
    .optional()
    .describe('What happens to `models` and `provider` of a request: heeded, ignored, or refused with 400. Default allow.'),
};

/** Both wishes as one, the operator's over the caller's. */
export function pinned(
  callers: ProviderPreferences | undefined,
  operators: ProviderPreferences | undefined,
): ProviderPreferences | undefined {
  if (operators === undefined) return callers;
  if (callers === undefined) return operators;
  const only =
    callers.only === undefined || operators.only === undefined
      ? (operators.only ?? callers.only)
      : callers.only.filter((slug) => operators.only?.includes(slug));
  const ignore = [...(callers.ignore ?? []), ...(operators.ignore ?? [])];
  const lower = (one?: number, other?: number): number | undefined =>
    one === undefined || other === undefined ? (one ?? other) : Math.min(one, other);
  const prompt = lower(callers.max_price?.prompt, operators.max_price?.prompt);
  const completion = lower(callers.max_price?.completion, operators.max_price?.completion);
  return {
    ...callers,
    ...operators,
    ...(only !== undefined && { only }),
    ...(ignore.length > 0 && { ignore }),
    ...((prompt !== undefined || completion !== undefined) && { max_price: { prompt, completion } }),
    ...((callers.data_collection === 'deny' || operators.data_collection === 'deny') && { data_collection: 'deny' as const }),
    ...((callers.allow_fallbacks === false || operators.allow_fallbacks === false) && { allow_fallbacks: false }),
  };
}
