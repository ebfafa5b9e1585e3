import { randomUUID } from 'node:crypto';
import type { Call } from '../../shared/calls/call.ts';
import type { Dialect } from '../../shared/dialects/dialect.ts';
import { once } from '../../shared/middleware/once.ts';
import { needsOf, type SecretReader } from '../../shared/providers/configured-provider.ts';
import { echoId } from '../../shared/providers/echo-row.ts';
import { translatesEndpoint } from '../../shared/providers/endpoint-model.ts';
import { HttpClient } from '../../shared/providers/http-client.ts';
import { NativeTransport } from '../../shared/providers/native-transport.ts';
import type { PassThroughClient } from '../../shared/providers/pass-through.ts';
import { ProviderIdentity } from '../../shared/providers/provider-identity.ts';
import type { Transport } from '../../shared/providers/transport.ts';
import type { Target } from '../../shared/routing/plan.ts';

/**
 * The ways to providers: natively where a provider speaks the caller's dialect and loses nothing, else by translation,
 * else over an endpoint of its own that loses something.
 */
export function wireTransports(
  secrets: SecretReader,
): (target: Pick<Target, 'provider' | 'model' | 'overrides'>, dialect: Dialect, call: Call) => Transport | undefined {
  const client = new HttpClient();
  const newId = (): string => randomUUID().replaceAll('-', '');
  const identity = new ProviderIdentity({ awsCredentials: () => readAwsCredentials(secrets), nowMs: Date.now });
  const native = new NativeTransport(client, Date.now, identity);
  const ports = { client, identity, nowMs: Date.now, newId };
  const translated = loadedOnce(async () => {
    const { TranslatedTransport } = await import('../../shared/providers/translated-transport.ts');
    return new TranslatedTransport(ports);
  });
  const endpoints = loadedOnce(async () => {
    const { EndpointTransport } = await import('../../shared/providers/endpoint-transport.ts');
    return new EndpointTransport(ports);
  });
  const echo = loadedOnce(async () => new (await import('../../shared/providers/echo-transport.ts')).EchoTransport(Date.now, newId));
  const echoEndpoints = loadedOnce(
    async () => new (await import('../../shared/providers/echo-endpoints.ts')).EchoEndpoints(Date.now, newId),
  );
  const transports: Readonly<Record<Way, Transport>> = { native, translated, endpoints, echo, 'echo-endpoints': echoEndpoints };
  return (target, dialect, call) => {
    const way = wayTo(target, dialect, call);
    return way && transports[way];
  };
}

type Way = 'native' | 'translated' | 'endpoints' | 'echo' | 'echo-endpoints';

/** Which way a call goes to a target; undefined where there is none. */
function wayTo(
  { provider, model, overrides }: Pick<Target, 'provider' | 'model' | 'overrides'>,
  dialect: Dialect,
  call: Call,
): Way | undefined {
  const translates = dialect.translation !== undefined;
  if (provider.row.id === echoId) return dialect.name === 'chat-completions' ? 'echo' : translates ? 'translated' : 'echo-endpoints';
  const speaks = provider.endpoint(dialect.name, model, false) !== undefined;
  if (speaks && provider.speaksFully(dialect.name, model, needsOf(call, overrides))) return 'native';
  if (translates && provider.row.aiSdkPackage !== undefined) return 'translated';
  if (!speaks && translatesEndpoint(provider, dialect.name)) return 'endpoints';
  return speaks ? 'native' : undefined;
}

/** Whether a target is asked in another dialect than the caller's, by translation. */
export function translates(target: Pick<Target, 'provider' | 'model' | 'overrides'>, dialect: Dialect, call: Call): boolean {
  return wayTo(target, dialect, call) === 'translated';
}

/** The way to endpoints of providers that the gateway has no dialect for, loaded by the first request that goes it. */
export function wirePassThrough(secrets: SecretReader): Pick<PassThroughClient, 'send'> {
  const http = new HttpClient();
  const identity = new ProviderIdentity({ awsCredentials: () => readAwsCredentials(secrets), nowMs: Date.now });
  const client = once(async () => new (await import('../../shared/providers/pass-through.ts')).PassThroughClient(http, identity));
  return { send: async (request) => await (await client()).send(request) };
}

/** A transport that is a chunk of its own, loaded by the first call that goes this way: most starts need the native one alone. */
function loadedOnce(load: () => Promise<Transport>): Transport {
  const transport = once(load);
  return { send: async (attempt) => await (await transport()).send(attempt) };
}

/** The role that Lambda runs the function under, or the credentials of a shell. */
async function readAwsCredentials(secrets: SecretReader) {
  const [accessKeyId, secretAccessKey, sessionToken] = await Promise.all(
    ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'].map((name) => secrets.read(`env:${name}`, false)),
  );
  return accessKeyId === undefined || secretAccessKey === undefined ? undefined : { accessKeyId, secretAccessKey, sessionToken };
}
