import { AnswerRecorder } from '../../shared/cache/answer-recorder.ts';
import type { JsonValue } from '../../shared/calls/json.ts';
import { defaultsOf } from '../../shared/config/config-defaults.ts';
import type { PayloadSettings } from '../../shared/config/payload-settings.ts';
import type { Exchange } from '../../shared/middleware/exchange.ts';
import { describeError, type Log } from '../../shared/telemetry/log.ts';
import type { PayloadStore } from '../../shared/telemetry/payload.ts';
import type { PayloadRules } from '../../shared/telemetry/redact.ts';

/** Whether the key, one of its groups or the route wants what is said to be kept. Nobody else can. */
function keepsPayload({ principal, plan, config }: Exchange): boolean {
  const route = plan?.route === undefined ? undefined : config?.settings.models[plan.route];
  if (route?.log_payloads !== undefined) return route.log_payloads;
  if (principal === undefined) return false;
  const { key, team, user, organization } = principal;
  return defaultsOf([key, team, user, organization]).log_payloads === true;
}

/** Takes the answer down from now on, where it is to be kept. */
export function beginPayload(exchange: Exchange): void {
  if (keepsPayload(exchange)) exchange.payload = new AnswerRecorder(exchange.dialect);
}

/** Keeps what was asked and answered, redacted. Never throws: a call is not worse for not having been kept. */
export async function keepPayload(
  exchange: Exchange,
  body: string | undefined,
  ports: { readonly payloads: PayloadStore | undefined; readonly log: Log },
): Promise<void> {
  const { call, payload, requestId, startedAtMs, config } = exchange;
  if (call === undefined || payload === undefined || ports.payloads === undefined || config === undefined) return;
  const response = body === undefined ? payload.body()?.json : parsed(body);
  try {
    const { knownRedactions, redactJson } = await import('../../shared/telemetry/redact.ts');
    const rules = rulesOf(config.settings.payload_logging, knownRedactions);
    await ports.payloads.put({
      id: requestId,
      atMs: Math.floor(startedAtMs),
      request: redactJson(call.body, rules),
      ...(response !== undefined && { response: redactJson(response, rules) }),
    });
  } catch (error) {
    ports.log.write('error', 'payload not kept', { request_id: requestId, ...describeError(error) });
  }
}

const made = new WeakMap<PayloadSettings, PayloadRules>();

function rulesOf(settings: PayloadSettings, knownRedactions: PayloadRules['redactions']): PayloadRules {
  let rules = made.get(settings);
  if (rules === undefined) {
    const own = Object.entries(settings.redact).map(([name, pattern]) => ({ name, pattern: new RegExp(pattern, 'gu') }));
    rules = { redactions: [...own, ...(settings.redact_known ? knownRedactions : [])], longestText: settings.longest_text };
    made.set(settings, rules);
  }
  return rules;
}

function parsed(body: string): JsonValue {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
