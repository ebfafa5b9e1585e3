import * as z from 'zod';

const count = z.int().nonnegative();
const nanoUsd = z.int();
const durationMs = z.number().nonnegative();

/**
 * How a call ended:
 * - `answered`: whole, by a provider or from the cache.
 * - `refused`: by the gateway, before any provider was asked.
 * - `failed`: with an error after providers were asked, or because of the gateway itself.
 * - `client_gone`: the caller left before the end.
 * - `truncated`: ended by the gateway at the output the budget affords.
 * - `crashed`: the invocation died; what was held for the call was settled in full as spent.
 */
export const callEndings = ['answered', 'refused', 'failed', 'client_gone', 'truncated', 'crashed'] as const;

/** One try of one target. */
const attemptSchema = z.object({
  /** `provider/model`. */
  target: z.string(),
  /** The provider's region and key, where it has several. */
  via: z.string().optional(),
  /** Since the call began. */
  startedMs: durationMs.optional(),
  latencyMs: durationMs,
  status: z.int().optional(),
  outcome: z.string(),
  /** Why it failed, in the gateway's words; never what the provider wrote, which may quote the request. */
  reason: z.string().optional(),
  /** What it cost; left out where that is nothing. Over all attempts the sum is the call's `costNanoUsd`. */
  costNanoUsd: nanoUsd.optional(),
  /** The provider did not say what the attempt used, so its cost is an upper bound. */
  estimated: z.boolean().optional(),
  /** No price is known for it. */
  unpriced: z.boolean().optional(),
});

/**
 * The receipt of one call, whatever its end. Times in milliseconds, money in nano-USD. What does not apply is left
 * out, and so are zeros in `usage` and `cost`: a record is paid for by the kilobyte. Nothing that was said is in it.
 */
export const callRecordSchema = z.object({
  /** Sorts by the time the call began, which can be read from it. */
  id: z.string(),
  startedAtMs: count,
  endedAtMs: count,
  ending: z.enum(callEndings),

  keyId: z.string().optional(),
  team: z.string().optional(),
  user: z.string().optional(),
  organization: z.string().optional(),
  /** The end user the caller named. */
  endUser: z.string().optional(),
  tags: z.record(z.string(), z.string()).optional(),
  session: z.string().optional(),
  /** Of the distributed trace the call was made in (https://www.w3.org/TR/trace-context/). */
  traceId: z.string().optional(),
  /** The program that called, and the app it is part of, as it says of itself. */
  userAgent: z.string().optional(),
  app: z.string().optional(),

  dialect: z.string().optional(),
  /** As the caller named it. */
  model: z.string().optional(),
  /** `provider/model` that answered. */
  servedBy: z.string().optional(),
  provider: z.string().optional(),
  /** Where the answer broke off and `servedBy` carried it on: who had begun it, and how many UTF-8 bytes there were. */
  resumed: z.object({ from: z.string(), atOutputBytes: count }).optional(),
  /** The provider's own id of the answer. */
  providerAnswerId: z.string().optional(),
  stream: z.boolean().optional(),
  attempts: z.array(attemptSchema),

  /** The HTTP status that went out; absent where none did. */
  status: z.int().optional(),
  error: z.string().optional(),
  finishReason: z.string().optional(),
  /** Names of the tools the model called, in order. */
  tools: z.array(z.string()).optional(),

  /** Tokens and other units by kind, in the words of a usage; zeros left out. */
  usage: z.record(z.string(), count),
  /** The provider did not say what it used, so the figures are upper bounds. */
  estimated: z.boolean().optional(),
  costNanoUsd: nanoUsd,
  /** The cost by what it was spent on; zeros left out. The parts sum to `costNanoUsd` where they are known. */
  cost: z.record(z.string(), nanoUsd).optional(),
  /** The cost is what the provider said that it bills, and not what a price made of the usage. */
  costStated: z.boolean().optional(),
  /** No price is known for what answered: the cost of zero is not a claim that it was free. */
  unpriced: z.boolean().optional(),
  /** What the cache spared: money, and the time that the stored answer once took longer than this call. */
  savedNanoUsd: nanoUsd.optional(),
  savedMs: count.optional(),
  cache: z.string().optional(),
  /** The call whose stored answer was given: its id. */
  cacheSource: z.string().optional(),

  /** Ids of the limited scopes the call was charged to, each with `costNanoUsd` unless `charges` says otherwise. */
  scopes: z.array(z.string()).optional(),
  charges: z.record(z.string(), nanoUsd).optional(),
  /** The most that was held for the call. */
  heldNanoUsd: nanoUsd.optional(),
  /** Which scope and limit refused it. */
  refusedBy: z.object({ scope: z.string(), limit: z.string(), reason: z.string() }).optional(),
  /** A cap on output tokens that the gateway set. */
  maxOutputTokens: count.optional(),

  bytesIn: count.optional(),
  bytesOut: count.optional(),
  durationMs: durationMs.optional(),
  /** From the start of the call to the first byte of its answer. */
  firstByteMs: durationMs.optional(),
  /** From the start of the call to the first thing the model made. */
  firstTokenMs: durationMs.optional(),
  /** Time the gateway itself took before the answer began. */
  overheadMs: durationMs.optional(),
});

/** See {@link callRecordSchema}. */
export type CallRecord = z.infer<typeof callRecordSchema>;

/** What each scope was charged for a call. */
export function chargesOf(record: Pick<CallRecord, 'scopes' | 'charges' | 'costNanoUsd'>): ReadonlyMap<string, number> {
  return new Map((record.scopes ?? []).map((scope) => [scope, record.charges?.[scope] ?? record.costNanoUsd]));
}

/** Output tokens a second, from the first thing the model made to the end; undefined where that says nothing. */
export function tokensPerSecond(record: CallRecord): number | undefined {
  const { durationMs: wholeMs, firstTokenMs, usage } = record;
  const tokens = usage.outputTokens ?? 0;
  if (wholeMs === undefined || tokens === 0) return undefined;
  const makingMs = wholeMs - (record.stream === true && firstTokenMs !== undefined ? firstTokenMs : 0);
  return makingMs < 1 ? undefined : Math.round((tokens / makingMs) * 100_000) / 100;
}
