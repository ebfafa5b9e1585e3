import type { ProviderRow } from './catalogue-schema.ts';

/** The name under which the built-in provider stands beside the configured ones. */
export const echoId = 'echo';

/** The built-in provider as a row: nothing is called at its address, the rest holds as for any other. */
export const echoRow: ProviderRow = {
  id: echoId,
  name: 'Echo (built in)',
  source: 'https://example.com/',
  baseUrl: 'https://echo.invalid',
  auth: 'none',
  authWithoutKey: 'none',
  keyVariables: [],
  dialects: { 'chat-completions': { path: '/chat/completions' } },
  quirks: { stopsBillingOnAbort: true },
};

/** The same for every echo model, in tokens. */
export const echoLimits = { contextLength: 1_048_576, maxOutputTokens: 131_072 } as const;

/** USD per million tokens, and per image, second, character and search, so that budgets and receipts can be rehearsed. `prices` of the configuration may say otherwise. */
export const echoPrices = {
  input: 1,
  cached_input: 0.1,
  output: 2,
  per_image: 0.01,
  per_second: 0.0001,
  per_million_characters: 15,
  per_search: 0.001,
} as const;
