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
  const units = unitBounds(call);
  for (const target of targets) {
    const input = inputTokenBound(call.content, target.catalogueId, { model: target.model, contextLength: target.contextLength });
    inputTokens = Math.max(inputTokens, input);
    const output = target.price === undefined ? call.maxOutputTokens : outputTokenBound(call.maxOutputTokens, target.price);
    if (output === undefined) gatewaySetsOutput = true;
    outputTokens = Math.max(outputTokens, output ?? assumedOutputTokens);
    if (target.price !== undefined) bounds.push(boundFacts(call, target.price, { inputTokens: input, ...units }, nowMs));
  }
  return {
    inputTokens,
    outputTokens,
    choices: call.choices,
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
  };
}

/** Dialects in which the model may speak without a field that the gateway would know it by. */
const speakingDialects: readonly string[] = ['speech', 'gemini'];

function boundFacts(call: Call, price: Price, most: Required<CallUnits> & { readonly inputTokens: number }, atMs: number): BoundFacts {
  return {
    price,
    ...most,
    choices: call.choices,
    serviceTier: call.serviceTier,
    atMs,
    promptCache: call.content.promptCache,
    audioInput: call.content.audio.length > 0,
    audioOutput: call.body.audio !== undefined || speakingDialects.includes(call.dialect),
  };
}
