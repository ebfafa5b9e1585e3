import type { Call, CallUnits } from '../calls/call.ts';
import { affordableOutputTokens, type BoundFacts, costBound, outputTokenBound } from '../pricing/cost-bound.ts';
import { audioMsBound, inputTokenBound } from '../pricing/input-bound.ts';
import type { Price } from '../pricing/price.ts';

/** A target a call may be served by, as far as its cost is concerned. */
export interface QuotedTarget {
  /** `provider/model`, for error messages. */
  readonly name: string;
  /** The catalogue entry of the provider, whose way of counting holds. */
  readonly catalogueId: string;
  readonly model: string;
  /** Undefined when nobody knows a price: never to be taken for free. */
  readonly price: Price | undefined;
  readonly contextLength: number | undefined;
  /** The call as this target receives it, where its settings change what is asked for. */
  readonly call?: Call | undefined;
  /** The tier it is served in when it names none; one that no price lists takes the dearest. */
  readonly unaskedTier?: string | undefined;
}

/** The most a call can use and cost, whichever of its targets serves it. */
export interface Quote {
  readonly inputTokens: number;
  /** Per choice. */
  readonly outputTokens: number;
  readonly choices: number;
  /** Whether the gateway had to set the output bound, because neither the caller nor the model has one. */
  readonly gatewaySetsOutput: boolean;
  /** The most the call can use beside tokens. */
  readonly units: Required<CallUnits>;
  /** Names of the targets without a price. While there are any, `costOf` bounds only the others. */
  readonly unpriced: readonly string[];
  /** The most the call can cost with this many output tokens per choice, in nano-USD. */
  costWith(outputTokens: number): number;
  /** The most output tokens per choice that an amount of nano-USD pays for at every target. */
  affordable(amountNanoUsd: number): number;
}

/** The output bound of a call whose caller and model both have none. */
const assumedOutputTokens = 16_384;

/** Bounds a call over all its targets: the dearest counts, because any of them may be the one that answers. */
export function quoteCall(call: Call, targets: readonly QuotedTarget[], nowMs: number): Quote {
  const bounds: BoundFacts[] = [];
  let inputTokens = 0;
  let outputTokens = 0;
  let gatewaySetsOutput = false;
  let { choices } = call;
  let units = unitBounds(call);
  for (const target of targets) {
    const { call: asked = call, price } = target;
    const input = inputTokenBound(asked.content, target.catalogueId, { model: target.model, contextLength: target.contextLength });
    inputTokens = Math.max(inputTokens, input);
    choices = Math.max(choices, asked.choices);
    const output = price === undefined ? asked.maxOutputTokens : outputTokenBound(asked.maxOutputTokens, price);
    if (output === undefined) gatewaySetsOutput = true;
    outputTokens = Math.max(outputTokens, output ?? assumedOutputTokens);
    const own = unitBounds(asked);
    units = mostOf(units, own);
    if (price === undefined) continue;
    const serviceTier = target.unaskedTier ?? asked.serviceTier;
    bounds.push({ ...boundFacts(asked, price, { inputTokens: input, ...own }, nowMs), serviceTier });
  }
  return {
    inputTokens,
    outputTokens,
    choices,
    gatewaySetsOutput,
    units,
    unpriced: targets.filter(({ price }) => price === undefined).map(({ name }) => name),
    costWith: (maxOutputTokens) => bounds.reduce((most, facts) => Math.max(most, costBound({ ...facts, maxOutputTokens })), 0),
    affordable: (amountNanoUsd) =>
      bounds.reduce((least, facts) => Math.min(least, affordableOutputTokens(amountNanoUsd, facts)), Number.MAX_SAFE_INTEGER),
  };
}

/** What the dialect says; sound in the request bounds its time by its bytes, and images may be priced whichever way they go. */
function unitBounds(call: Call): Required<CallUnits> {
  return {
    images: call.units?.images ?? call.content.images.length,
    audioMs: call.units?.audioMs ?? call.content.audio.reduce((sum, audio) => sum + audioMsBound(audio), 0),
    characters: call.units?.characters ?? 0,
    searches: call.units?.searches ?? 0,
    fileSearches: call.units?.fileSearches ?? 0,
    containers: call.units?.containers ?? 0,
  };
}

function mostOf(one: Required<CallUnits>, other: Required<CallUnits>): Required<CallUnits> {
  return {
    images: Math.max(one.images, other.images),
    audioMs: Math.max(one.audioMs, other.audioMs),
    characters: Math.max(one.characters, other.characters),
    searches: Math.max(one.searches, other.searches),
    fileSearches: Math.max(one.fileSearches, other.fileSearches),
    containers: Math.max(one.containers, other.containers),
  };
}

/** Dialects in which the model may speak without a field that the gateway would know it by. */
const speakingDialects: readonly string[] = ['speech', 'gemini'];

function boundFacts(call: Call, price: Price, most: Required<CallUnits> & { readonly inputTokens: number }, atMs: number): BoundFacts {
  return {
    price,
    ...most,
    choices: call.choices,
    predictedTokens: call.predictedTokens,
    atMs,
    promptCache: call.content.promptCache,
    audioInput: call.content.audio.length > 0,
    audioOutput: call.body.audio !== undefined || speakingDialects.includes(call.dialect),
  };
}
