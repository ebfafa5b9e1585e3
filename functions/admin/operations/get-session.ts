import { GatewayError } from '../../../shared/errors/gateway-error.ts';
import type { CallRecord } from '../../../shared/telemetry/call-record.ts';
import { renderCallRecord } from '../../../shared/telemetry/render-call-record.ts';
import type { Operation } from '../operation.ts';
import { payloadOf } from './get-request.ts';
import type { RecordParts } from './list-requests.ts';

/** More steps than any agent takes in a session that somebody reads. */
const mostSteps = 2_000;

/** A trace id: https://www.w3.org/TR/trace-context/#trace-id */
const traceForm = /^[0-9a-f]{32}$/;

/** So far back, and among so many calls, those of a trace are looked for that are listed under the session they name. */
const traceReachMs = 2 * 86_400_000;
const mostExamined = 20_000;

/** `GET /admin/sessions/{id}`: the calls of a session, in order, with a running total. A trace id works as well. */
export function getSession({ records, payloads, clock }: Pick<RecordParts, 'records' | 'payloads' | 'clock'>): Operation {
  return async ({ params }) => {
    const id = params.id ?? '';
    const bySession = await records.listed({ session: id }, mostSteps);
    const steps = bySession.length === 0 && traceForm.test(id) ? await callsOfTrace(id, records, clock()) : bySession;
    const [first] = steps;
    const last = steps.at(-1);
    if (first === undefined || last === undefined) {
      throw new GatewayError('not_found', `No call was made in a session '${id}', or they are older than records are kept.`);
    }
    return {
      status: 200,
      body: {
        id,
        object: 'session',
        started_at: new Date(first.startedAtMs).toISOString(),
        ended_at: new Date(Math.max(...steps.map(({ endedAtMs }) => endedAtMs))).toISOString(),
        truncated: steps.length === mostSteps,
        ...totalsOf(steps),
        steps: await withPayloads(withRunningTotal(steps), payloads),
      },
    };
  };
}

/** Those that name no session are listed; those that do have to be looked for. */
async function callsOfTrace(traceId: string, records: RecordParts['records'], nowMs: number): Promise<CallRecord[]> {
  const found = new Map((await records.listed({ traceId }, mostSteps)).map((record) => [record.id, record]));
  let examined = 0;
  for await (const record of records.newestFirst({ fromMs: nowMs - traceReachMs, toMs: nowMs + 60_000 })) {
    if (record.traceId === traceId) found.set(record.id, record);
    examined += 1;
    if (examined === mostExamined) break;
  }
  return [...found.values()].sort((one, other) => (one.id < other.id ? -1 : 1)).slice(0, mostSteps);
}

/** So many steps come with what was said, the last ones. */
const mostPayloads = 100;

async function withPayloads<Step extends { readonly id: string }>(steps: readonly Step[], payloads: RecordParts['payloads']) {
  const first = steps.length - mostPayloads;
  return await Promise.all(
    steps.map(async (step, index) => ({ ...step, payload: index < first ? null : await payloadOf(step.id, payloads) })),
  );
}

function totalsOf(steps: readonly CallRecord[]) {
  const sum = (pick: (step: CallRecord) => number): number => steps.reduce((total, step) => total + pick(step), 0);
  return {
    calls: steps.length,
    failed_calls: steps.filter(({ ending }) => ending !== 'answered').length,
    input_tokens: sum(({ usage }) => usage.inputTokens ?? 0),
    output_tokens: sum(({ usage }) => usage.outputTokens ?? 0),
    cost_usd: sum(({ costNanoUsd }) => costNanoUsd) / 1e9,
    cost_nano_usd: sum(({ costNanoUsd }) => costNanoUsd),
    model_ms: Math.round(sum(({ durationMs }) => durationMs ?? 0)),
  };
}

function withRunningTotal(steps: readonly CallRecord[]) {
  let runningNanoUsd = 0;
  return steps.map((step, index) => {
    runningNanoUsd += step.costNanoUsd;
    return { step: index + 1, running_cost_usd: runningNanoUsd / 1e9, ...renderCallRecord(step) };
  });
}
