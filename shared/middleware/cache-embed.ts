import type { Ledger } from '../admission/ledger.ts';
import { quoteCall } from '../admission/quote.ts';
import { ownScopesOf, type Scope } from '../admission/scopes.ts';
import { settlingMs } from '../admission/settling.ts';
import type { SemanticSettings } from '../cache/cache-settings.ts';
import { unitVector } from '../cache/vector-index.ts';
import type { Call } from '../calls/call.ts';
import { isJsonObject, type JsonObject } from '../calls/json.ts';
import { type Usage, usageOf } from '../calls/usage.ts';
import { embeddings } from '../dialects/embeddings.ts';
import { routeCall } from '../routing/attempts.ts';
import type { AttemptRecord } from '../routing/final-error.ts';
import type { LaneHealth } from '../routing/health.ts';
import type { RoutingPorts } from '../routing/journey.ts';
import type { Plan, Target } from '../routing/plan.ts';
import type { Embedded } from './cache-parts.ts';
import { type Exchange, known } from './exchange.ts';
import { planCall } from './plan.ts';
import { journeyOf } from './respond.ts';

/** What embedding a question needs of the world. */
export interface EmbedPorts {
  readonly routing: RoutingPorts;
  readonly health: LaneHealth;
  readonly ledger: Pick<Ledger, 'admit' | 'settle'>;
  readonly costOf: (target: Target, usage: Usage, serviceTier: string | undefined) => number | undefined;
  readonly nowMs: () => number;
  readonly random: () => number;
  /** An embedding is a call of its own: it needs an id, and is written down once it is over, just before it is settled. */
  readonly newId: (atMs: number) => string;
  readonly record: (made: EmbeddingCall, settle: () => Promise<void>) => Promise<void>;
}

/** A call for an embedding that is over. */
export interface EmbeddingCall {
  readonly id: string;
  readonly startedAtMs: number;
  readonly call: Call;
  readonly attempts: readonly AttemptRecord[];
  /** Undefined where all targets failed. */
  readonly target: Target | undefined;
  readonly usage: Usage;
  /** Undefined where no price is known. */
  readonly costNanoUsd: number | undefined;
  /** Ids of the scopes it was charged to. */
  readonly scopes: readonly string[];
}

/**
 * Has a question embedded by the gateway's own providers. The operator who compares by meaning pays for it, so it counts
 * against the limits for all traffic and not against those of the key; where these have no room there is no embedding.
 * @throws whatever the providers or the ledger throw.
 */
export async function embedQuestion(
  exchange: Exchange,
  settings: SemanticSettings,
  text: string,
  ports: EmbedPorts,
): Promise<Embedded | undefined> {
  const startedAtMs = ports.nowMs();
  const id = ports.newId(startedAtMs);
  const call = embeddingCall(settings, text);
  const plan = embeddingPlan(exchange, call, ports);
  const room = await roomFor(exchange, call, plan, id, ports);
  if (room === undefined) return undefined;
  const attempts: AttemptRecord[] = [];
  const base = { id, startedAtMs, call, attempts, scopes: room.scopes.map((scope) => scope.id) };
  const none = usageOf({});
  try {
    const routed = await routeCall(
      {
        ...journeyOf(exchange),
        call,
        dialect: embeddings,
        plan,
        maxOutputTokens: undefined,
        limiter: undefined,
        onAttempt: (record) => attempts.push(record),
      },
      ports.routing,
    );
    if (routed.kind !== 'json') return undefined;
    const { answer, target } = routed;
    const usage = answer.usage ?? embeddings.readAnswer(answer.json).usage ?? none;
    const costNanoUsd = ports.costOf(target, usage, undefined);
    writeDown(
      exchange,
      ports.record({ ...base, target, usage, costNanoUsd }, () => room.settle(usage, costNanoUsd ?? 0)),
    );
    const vector = vectorIn(answer.json);
    return vector && { vector, madeBy: target.name };
  } catch (error) {
    writeDown(
      exchange,
      ports.record({ ...base, target: undefined, usage: none, costNanoUsd: 0 }, () => room.settle(none, 0)),
    );
    throw error;
  }
}

/** Nobody waits for the books but the end of the call. */
function writeDown(exchange: Exchange, written: Promise<void>): void {
  if (exchange.cache !== undefined) exchange.cache.embedded = written;
}

function embeddingCall({ model, dimensions }: SemanticSettings, input: string): Call {
  const body: JsonObject = { model, input, encoding_format: 'float', ...(dimensions !== undefined && { dimensions }) };
  return embeddings.parse({ body, bodyBytes: Buffer.byteLength(input), headers: {}, query: {}, path: {} });
}

function embeddingPlan(exchange: Exchange, call: Call, { health, random, nowMs }: EmbedPorts): Plan {
  const caller = { principal: known(exchange.principal, 'principal'), options: known(exchange.options, 'options') };
  return planCall(call, caller, {
    config: known(exchange.config, 'config'),
    health,
    routing: { models: [], preferences: undefined },
    defaults: {},
    random,
    nowMs: nowMs(),
  });
}

interface Room {
  readonly scopes: readonly Scope[];
  readonly settle: (usage: Usage, actualNanoUsd: number) => Promise<void>;
}

/** Holds the worst case, within the limits for all traffic. Undefined where there is no room. */
async function roomFor(
  exchange: Exchange,
  call: Call,
  plan: Plan,
  requestId: string,
  { ledger, nowMs }: EmbedPorts,
): Promise<Room | undefined> {
  const { gateway } = known(exchange.principal, 'principal');
  const { priceOf } = known(exchange.config, 'config');
  const names = plan.targets.map(({ name }) => name);
  const scopes = ownScopesOf('semantic-cache', gateway, [plan.requested, ...names]);
  const quoted = plan.targets.map((target) => ({
    name: target.name,
    catalogueId: target.provider.row.id,
    model: target.model,
    price: priceOf(target),
    contextLength: target.provider.limits(target.model).contextLength,
  }));
  const quote = quoteCall(call, quoted, nowMs());
  if (quote.unpriced.length > 0 && scopes.some(({ limits }) => limits.budgets.length > 0)) return undefined;
  const answer = await ledger.admit({
    requestId,
    scopes,
    amountNanoUsd: quote.costWith(0),
    tokens: quote.inputTokens,
    unpriced: quote.unpriced.length > 0,
    nowMs: nowMs(),
    expiresAtMs: exchange.deadlineAtMs + settlingMs,
  });
  if (answer.outcome === 'refused') return undefined;
  return {
    scopes,
    settle: async (usage, actualNanoUsd) => {
      await ledger.settle(answer, { actualNanoUsd, actualTokens: usage.inputTokens, nowMs: nowMs() });
    },
  };
}

function vectorIn(body: JsonObject): Float32Array | undefined {
  const [first] = Array.isArray(body.data) ? body.data : [];
  const values = isJsonObject(first) && Array.isArray(first.embedding) ? first.embedding : [];
  const numbers = values.filter((value) => typeof value === 'number');
  return numbers.length === values.length ? unitVector(numbers) : undefined;
}
