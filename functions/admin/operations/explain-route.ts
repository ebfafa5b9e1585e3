import * as z from 'zod';
import type { Call } from '../../../shared/calls/call.ts';
import { fileVersion } from '../../../shared/config/config-versions.ts';
import type { LiveConfig } from '../../../shared/config/live-config.ts';
import { checkConfig } from '../../../shared/config/load-config.ts';
import type { Principal } from '../../../shared/control/directory.ts';
import { mayCallModel } from '../../../shared/control/model-access.ts';
import { tagsSchema } from '../../../shared/control/record-fields.ts';
import { GatewayError } from '../../../shared/errors/gateway-error.ts';
import { defaultsOfPrincipal, planCall } from '../../../shared/middleware/plan.ts';
import { estimatedCost } from '../../../shared/routing/estimate.ts';
import { lanesOf } from '../../../shared/routing/lanes.ts';
import type { Plan, Target } from '../../../shared/routing/plan.ts';
import { readRequestRouting } from '../../../shared/routing/request-routing.ts';
import { documentOf } from '../config-documents.ts';
import type { ConfigParts } from '../config-parts.ts';
import type { Operation } from '../operation.ts';
import { parseInput } from '../parse-input.ts';

const bodySchema = z.strictObject({
  model: z.string().min(1).max(256),
  tags: tagsSchema.default({}),
  /** Id of a key: its tags, defaults, groups and allowed models count. */
  key: z.string().optional(),
  team: z.string().optional(),
  user: z.string().optional(),
  session: z.string().optional(),
  stream: z.boolean().default(false),
  dialect: z.enum(['chat-completions', 'responses', 'messages', 'completions', 'embeddings', 'gemini']).default('chat-completions'),
  input_tokens: z.int().nonnegative().default(1_000),
  max_tokens: z.int().positive().optional(),
  images: z.int().nonnegative().max(100).default(0),
  /** Further fields of the request body: parameters, `models`, `provider`. */
  parameters: z.record(z.string(), z.json()).default({}),
});
type Question = z.infer<typeof bodySchema>;

/** `POST /admin/route/explain`: which targets a call would try, in what order, why, and at about what cost. Sends nothing. */
export function explainRoute(parts: Pick<ConfigParts, 'versions' | 'file' | 'makeLive' | 'health' | 'store' | 'clock'>): Operation {
  return async (request) => {
    const question = parseInput(bodySchema, request.body ?? {}, 'body');
    const nowMs = parts.clock();
    const [config, principal] = await Promise.all([liveNow(parts), principalOf(question, parts), parts.health.refresh(nowMs)]);
    const defaults = defaultsOfPrincipal(principal);
    const routing = readRequestRouting(question.parameters, defaults);
    const call = callOf(question, routing.body);
    const caller = { principal, options: { tags: question.tags, endUser: question.user, session: question.session } };
    const plan = planCall(call, caller, { config, health: parts.health, routing, defaults, random: Math.random, nowMs });
    return { status: 200, body: explained(plan, call, { config, principal, health: parts.health, nowMs }) };
  };
}

async function liveNow(parts: Pick<ConfigParts, 'versions' | 'file' | 'makeLive'>): Promise<LiveConfig> {
  const version = (await parts.versions.current())?.version ?? fileVersion;
  const { document } = await documentOf(version, parts);
  return parts.makeLive(
    checkConfig(document.value, () => `version ${version}`),
    version,
  );
}

async function principalOf({ key: id, team }: Question, { store }: Pick<ConfigParts, 'store'>): Promise<Principal> {
  const teamRecord = async (name: string | undefined) => (name === undefined ? undefined : await store.findGroup('team', name));
  if (id === undefined) {
    const found = await teamRecord(team);
    return { key: { ...anyKey, ...(team !== undefined && { team }) }, ...(found && { team: found }) };
  }
  const key = await store.findKey(id);
  if (key === undefined) throw new GatewayError('not_found', `There is no key '${id}'.`, { param: 'key' });
  const [group, user, organization] = await Promise.all([
    teamRecord(key.team),
    key.user === undefined ? undefined : store.findGroup('user', key.user),
    key.organization === undefined ? undefined : store.findGroup('organization', key.organization),
  ]);
  return { key, ...(group && { team: group }), ...(user && { user }), ...(organization && { organization }) };
}

const anyKey: Principal['key'] = {
  id: 'any',
  name: 'any',
  prefix: '',
  disabled: false,
  createdAtMs: 0,
  updatedAtMs: 0,
  hashes: [{ hash: '', prefix: '' }],
  revision: 1,
};

function callOf(question: Question, body: Call['body']): Call {
  return {
    dialect: question.dialect,
    model: question.model,
    body,
    stream: question.stream,
    streamUsage: false,
    maxOutputTokens: question.max_tokens,
    choices: 1,
    endUser: question.user,
    serviceTier: undefined,
    content: {
      textBytes: question.input_tokens * 4,
      messages: 1,
      tools: Array.isArray(body.tools) ? body.tools.length : 0,
      images: Array.from({ length: question.images }, () => ({})),
      files: [],
      audio: [],
      promptCache: 'none',
    },
    forwardedHeaders: {},
  };
}

interface Surroundings {
  readonly config: LiveConfig;
  readonly principal: Principal;
  readonly health: ConfigParts['health'];
  readonly nowMs: number;
}

function explained(plan: Plan, call: Call, around: Surroundings) {
  const { config, principal, nowMs } = around;
  const allowed = (target: Target): boolean => mayCallModel(principal, [plan.requested, target.name]);
  const estimate = estimatedCost({ nowMs, content: call.content }, call.maxOutputTokens, config.priceOf);
  const show = (target: Target) => ({
    target: target.name,
    why: plan.reasons.get(target.name) ?? null,
    estimated_cost_usd: usdOf(estimate(target)),
    retries: target.retries,
    timeouts: renderTimeouts(target.timeouts),
    limits: target.limits ?? null,
    health: healthOf(target, around),
  });
  return {
    model: plan.requested,
    route: plan.route ?? null,
    config_version: config.version,
    targets: plan.targets.filter(allowed).map((target, index) => ({ position: index + 1, ...show(target) })),
    on_context_length: plan.fallbacks.contextLength.filter(allowed).map(show),
    on_content_policy: plan.fallbacks.contentPolicy.filter(allowed).map(show),
    mirror: plan.mirror?.name ?? null,
    left_out: [
      ...plan.leftOut,
      ...plan.targets.filter((target) => !allowed(target)).map(({ name }) => ({ target: name, reason: 'the key may not call it' })),
    ],
  };
}

/** Whether calls pass now; of a provider with several regions or keys, each. */
function healthOf(target: Target, { health, nowMs }: Surroundings) {
  const lanes = lanesOf(target).map(({ id, region, key }) => {
    const pass = health.state(id, nowMs);
    const speed = health.speed(id, nowMs);
    const due = pass.kind === 'open' && pass.untilMs <= nowMs;
    return {
      ...(region !== undefined && { region }),
      ...(key !== undefined && { key }),
      breaker: pass.kind === 'closed' ? 'closed' : due || pass.kind === 'probe' ? 'half_open' : 'open',
      reason: pass.kind === 'open' ? pass.reason : null,
      open_until: pass.kind === 'open' && !due ? new Date(pass.untilMs).toISOString() : null,
      first_content_ms: speed === undefined ? null : Math.round(speed.firstContentMs),
      tokens_per_second: speed === undefined ? null : Math.round(speed.tokensPerSecond * 10) / 10,
    };
  });
  return lanes.length === 1 ? lanes[0] : lanes;
}

/** In the words of the configuration. */
function renderTimeouts({ connectMs, firstByteMs, idleMs, totalMs }: Target['timeouts']) {
  return { connect_ms: connectMs, first_byte_ms: firstByteMs, idle_ms: idleMs, total_ms: totalMs };
}

function usdOf(nanoUsd: number | undefined): number | null {
  return nanoUsd === undefined ? null : nanoUsd / 1e9;
}
