import { randomBytes, randomUUID } from 'node:crypto';
import { finished } from 'node:stream/promises';
import type { AwsCredentials } from '../../shared/aws/credentials.ts';
import type { LiveConfig } from '../../shared/config/live-config.ts';
import type { OtlpSettings } from '../../shared/config/otlp-settings.ts';
import type { Exchange } from '../../shared/middleware/exchange.ts';
import type { SecretReader } from '../../shared/providers/configured-provider.ts';
import type { HttpClient } from '../../shared/providers/http-client.ts';
import { UpstreamFailure } from '../../shared/providers/upstream-failure.ts';
import type { CallRecord } from '../../shared/telemetry/call-record.ts';
import { describeError, type Log } from '../../shared/telemetry/log.ts';
import type { TracedCall, TracedProvider } from '../../shared/telemetry/otlp-call.ts';
import { otlpMetrics } from '../../shared/telemetry/otlp-metrics.ts';
import { otlpTraces } from '../../shared/telemetry/otlp-spans.ts';

/** What exporting needs of the world. */
export interface ExportPorts {
  readonly client: HttpClient;
  readonly secrets: SecretReader;
  readonly region: string;
  readonly credentials: AwsCredentials | undefined;
  readonly log: Log;
  readonly nowMs: () => number;
}

type Signal = 'traces' | 'metrics';

/** A collector has so long, after the caller has the whole answer; an invocation lasts as much longer. */
const exportMs = 1_500;
const logEveryMs = 60_000;
/** After so many failures in a row nothing is sent for a while: a collector that is away shall not make every call longer. */
const failuresBeforeRest = 3;
const restMs = 30_000;

/** The services that CloudWatch's endpoints belong to (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-OTLPEndpoint.html). */
const awsServices: Readonly<Record<Signal, string>> = { traces: 'xray', metrics: 'monitoring' };

/**
 * Sends spans and metrics of calls by OTLP over HTTP in JSON (https://opentelemetry.io/docs/specs/otlp/#otlphttp), where the
 * configuration says so. Never throws and never holds a caller up; what could not be sent is counted and told once a minute.
 */
export class CallExporter {
  readonly #ports: ExportPorts;
  readonly #instanceId = randomUUID();
  #failuresInARow = 0;
  #restUntilMs = 0;
  #unsent = 0;
  #loggedAtMs = Number.NEGATIVE_INFINITY;

  constructor(ports: ExportPorts) {
    this.#ports = ports;
  }

  /** Resolves when a call is sent or given up. */
  async export(exchange: Exchange, record: CallRecord, config: () => Promise<LiveConfig>): Promise<void> {
    try {
      const live = exchange.config ?? (await config());
      const { otlp } = live.settings;
      if (otlp === undefined) return;
      const traced = tracedCall(exchange, record, live);
      await Promise.all([
        otlp.traces && traced.sampled ? this.#send('traces', otlpTraces(traced, this.#instanceId), otlp) : undefined,
        otlp.metrics ? this.#send('metrics', otlpMetrics(traced, this.#instanceId), otlp) : undefined,
      ]);
    } catch (error) {
      this.#failed('call', error);
    }
  }

  async #send(signal: Signal, payload: object | undefined, otlp: OtlpSettings): Promise<void> {
    if (payload === undefined) return;
    const { client, nowMs } = this.#ports;
    if (nowMs() < this.#restUntilMs) {
      this.#unsent += 1;
      return;
    }
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(new UpstreamFailure('first_byte_timeout', `no answer within ${exportMs} ms`)), exportMs);
    try {
      const body = JSON.stringify(payload);
      const url = this.#urlOf(signal, otlp);
      const response = await client.send({
        url,
        method: 'POST',
        headers: {
          ...(await this.#headers(otlp)),
          'content-type': 'application/json',
          ...(await this.#signature(signal, url, body, otlp)),
        },
        body,
        timeouts: { connectMs: exportMs, firstByteMs: exportMs, idleMs: exportMs, totalMs: exportMs },
        allowPrivateAddress: otlp.allow_private_address,
        signal: timeout.signal,
      });
      await finished(response.body.resume());
      if (response.status < 200 || response.status > 299) throw new Error(`the collector answered ${response.status}`);
      this.#failuresInARow = 0;
    } catch (error) {
      this.#failed(signal, error);
    } finally {
      clearTimeout(timer);
    }
  }

  #urlOf(signal: Signal, { endpoint }: OtlpSettings): URL {
    if (endpoint !== undefined) return new URL(`${endpoint.replace(/\/+$/, '')}/v1/${signal}`);
    const { region } = this.#ports;
    const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    return new URL(`https://${awsServices[signal]}.${region}.${suffix}/v1/${signal}`);
  }

  async #headers({ headers }: OtlpSettings): Promise<Record<string, string>> {
    const read = Object.entries(headers).map(async ([name, value]): Promise<[string, string]> => {
      if (!/^(env|secret):[\w.-]+$/.test(value)) return [name, value];
      const secret = await this.#ports.secrets.read(value, false);
      if (secret === undefined) throw new Error(`the secret of the header ${name} is not set`);
      return [name, secret];
    });
    return Object.fromEntries(await Promise.all(read));
  }

  async #signature(signal: Signal, url: URL, body: string, otlp: OtlpSettings): Promise<Record<string, string>> {
    if (!otlp.aws_sigv4) return {};
    const { credentials, region, nowMs } = this.#ports;
    if (credentials === undefined) throw new Error('there are no AWS credentials to sign with');
    const { awsSignature } = await import('../../shared/aws/signature.ts');
    return awsSignature({ url, method: 'POST', body, region, service: awsServices[signal], atMs: nowMs() }, credentials);
  }

  #failed(what: Signal | 'call', error: unknown): void {
    const { log, nowMs } = this.#ports;
    this.#unsent += 1;
    this.#failuresInARow += 1;
    if (this.#failuresInARow >= failuresBeforeRest) this.#restUntilMs = nowMs() + restMs;
    if (nowMs() - this.#loggedAtMs < logEveryMs) return;
    log.write('warn', 'telemetry not exported', { signal: what, unsent: this.#unsent, ...describeError(error) });
    this.#loggedAtMs = nowMs();
    this.#unsent = 0;
  }
}

/** The place of a call in its caller's trace, or in one of its own. */
function tracedCall(exchange: Exchange, record: CallRecord, config: LiveConfig): TracedCall {
  const newSpanId = (): string => randomBytes(8).toString('hex');
  const [, traceId, spanId, flags] = exchange.traceparent?.split('-') ?? [];
  const parentSpanId = exchange.traceparent === undefined ? undefined : exchange.http.headers.traceparent?.trim().split('-')[2];
  return {
    record,
    traceId: traceId ?? randomBytes(16).toString('hex'),
    spanId: spanId ?? newSpanId(),
    parentSpanId,
    // The lowest bit (https://www.w3.org/TR/trace-context/#sampled-flag).
    sampled: flags === undefined || (Number.parseInt(flags, 16) & 1) === 1,
    provider: (id) => tracedProvider(id, exchange, config),
    newSpanId,
  };
}

function tracedProvider(id: string, { dialect, call }: Exchange, config: LiveConfig): TracedProvider | undefined {
  const provider = config.providers.get(id);
  if (provider === undefined) return undefined;
  const url = provider.endpoint(dialect.name, call?.model ?? '', false)?.url;
  const at = url === undefined || !URL.canParse(url) ? undefined : new URL(url);
  return {
    kind: provider.row.id,
    ...(at && { serverAddress: at.hostname, serverPort: at.port === '' ? (at.protocol === 'https:' ? 443 : 80) : Number(at.port) }),
  };
}
