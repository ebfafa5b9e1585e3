import { type SessionAnswer, sessionSchema } from '../call-answers.ts';
import { CliError } from '../cli-error.ts';
import { attemptCost, duration } from '../describe-call.ts';
import { count, counted, money } from '../format.ts';
import { saidLines } from '../said.ts';
import type { Verb } from '../verb.ts';

const indent = ' '.repeat(7);

/** `sluice trace` */
export const trace: Verb = {
  words: ['trace'],
  summary: "Show an agent's session step by step: models, tools, tokens, cost, time.",
  positionals: ['session'],
  options: {},
  notes: 'Takes a session id (x-sluice-session, or the one the agent sends itself) or the trace id of a traceparent.',
  async run({ positionals, api, output }) {
    const [id = ''] = positionals;
    const session = await api.find(`/admin/sessions/${encodeURIComponent(id)}`, sessionSchema);
    if (session === undefined) throw new CliError(1, `No call was made in a session "${id}", or they are older than records are kept.`);
    output.show(session, () => rendered(session, output.columns));
  },
};

function rendered(session: SessionAnswer, width: number): string {
  const wallMs = Date.parse(session.ended_at) - Date.parse(session.started_at);
  const head = `session ${session.id}: ${counted(session.calls, 'call')} in ${duration(wallMs)}, ${money(session.cost_usd)}, ${count(session.input_tokens)} tokens in, ${count(session.output_tokens)} out`;
  const troubles = session.failed_calls === 0 ? [] : [`${count(session.failed_calls)} of them did not end well`];
  return [head, ...troubles, '', ...session.steps.flatMap((step) => stepLines(step, session.started_at, width))].join('\n');
}

function stepLines(step: SessionAnswer['steps'][number], startedAt: string, width: number): string[] {
  const offset = duration(Date.parse(step.created_at) - Date.parse(startedAt));
  const tools = step.tools.length === 0 ? '' : `  calls ${step.tools.join(', ')}`;
  const outcome = step.ending === 'answered' ? (step.finish_reason ?? 'answered') : (step.error ?? step.ending.replace('_', ' '));
  const cost = step.cost_usd === null ? 'unpriced' : money(step.cost_usd);
  const number = String(step.step).padStart(3);
  return [
    `${number}  +${offset}  ${step.served_by ?? step.model ?? '-'}  ${outcome}${tools}`,
    `     ${count(step.usage.input_tokens)}→${count(step.usage.output_tokens)} tok  ${cost}  ${duration(step.duration_ms)}  Σ ${money(step.running_cost_usd)}  ${step.id}`,
    ...(step.attempts.length > 1
      ? step.attempts.map(
          (attempt) =>
            `       ${attempt.target}: ${attempt.outcome.replaceAll('_', ' ')} in ${duration(attempt.latency_ms)}${attemptCost(attempt)}`,
        )
      : []),
    ...(step.payload ? saidLines(step.payload, width - indent.length - 2).map((line) => indent + line) : []),
  ];
}
