import type * as z from 'zod';
import { issueWords } from '../calls/issue-words.ts';
import { isJsonObject, type JsonObject } from '../calls/json.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import { fallbackModelsSchema, type ProviderPreferences, pinned, providerPreferencesSchema } from './preferences.ts';

/** What an operator says of the routing of a key's calls. */
export interface OperatorRouting {
  readonly models?: readonly string[] | undefined;
  readonly provider?: ProviderPreferences | undefined;
  readonly request_routing?: 'allow' | 'ignore' | 'refuse' | undefined;
}

/** A request's own routing, and its body without it. */
export interface RequestRouting {
  readonly models: readonly string[];
  readonly preferences: ProviderPreferences | undefined;
  /** What is sent on: the routing of a request is between its caller and the gateway. */
  readonly body: JsonObject;
}

/**
 * Takes `models` and `provider` out of a request, in the words of https://openrouter.ai/docs/api-reference/chat-completion,
 * and lays the operator's over them.
 * @throws GatewayError `invalid_request` naming the field.
 */
export function readRequestRouting(body: JsonObject, operators: OperatorRouting = {}): RequestRouting {
  const asked = Array.isArray(body.models) || isJsonObject(body.provider);
  if (!asked) return { models: operators.models ?? [], preferences: operators.provider, body };
  const { models: _models, provider: _provider, ...rest } = body;
  if (operators.request_routing === 'ignore') return { models: operators.models ?? [], preferences: operators.provider, body: rest };
  if (operators.request_routing === 'refuse') {
    throw new GatewayError('invalid_request', 'This key may not choose its own routing. Leave out models and provider.', {
      param: body.models === undefined ? 'provider' : 'models',
    });
  }
  const models = body.models === undefined ? operators.models : checked(fallbackModelsSchema, body.models, 'models');
  const wishes = body.provider === undefined ? undefined : checked(providerPreferencesSchema, body.provider, 'provider');
  return { models: models ?? [], preferences: pinned(wishes, operators.provider), body: rest };
}

function checked<Value>(schema: z.ZodType<Value>, value: unknown, name: string): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const param = [name, ...(issue?.path ?? []).map(String)].join('.');
  throw new GatewayError('invalid_request', `'${param}' ${issue === undefined ? 'is malformed' : issueWords(issue)}.`, { param });
}
