import type { Readable } from 'node:stream';
import type middy from '@middy/core';
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import type { Admitted, Refused } from '../admission/ledger.ts';
import type { Quote } from '../admission/quote.ts';
import type { AnswerRecorder } from '../cache/answer-recorder.ts';
import type { Lead } from '../cache/single-flight.ts';
import type { Call } from '../calls/call.ts';
import type { Usage } from '../calls/usage.ts';
import type { LiveConfig } from '../config/live-config.ts';
import type { Principal } from '../control/directory.ts';
import type { DeliveryReport } from '../delivery/stream-delivery.ts';
import type { AnswerFacts, Dialect } from '../dialects/dialect.ts';
import type { TranslatedAnswer } from '../dialects/translation.ts';
import { GatewayError } from '../errors/gateway-error.ts';
import type { AttemptRecord } from '../routing/final-error.ts';
import type { Abandoned } from '../routing/journey.ts';
import type { Plan, Target } from '../routing/plan.ts';
import type { CacheExchange, Replayed } from './cache-exchange.ts';
import type { CallOptions } from './call-options.ts';
import type { Endpoint } from './endpoints.ts';
import type { HttpRequest } from './http-request.ts';
import type { TargetHolds } from './target-holds.ts';

/** What a function hands back: headers first, then a body that may still be under way. */
export interface GatewayResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Readable;
}

/** How long each stage took, in milliseconds, as `Server-Timing` names them. */
export interface Timings {
  auth?: number;
  /** Fetching an uploaded body. */
  body?: number;
  admit?: number;
  cache?: number;
  upstream?: number;
}

/** What is known of the answer once it is over, or as far as it came. */
export interface Answered {
  readonly target: Target;
  /** The lane it went down, for its health, and when it was sent. */
  readonly lane?: string;
  readonly sentAtMs?: number;
  readonly facts: AnswerFacts;
  /** Usage that a translation knows beside the answer. */
  readonly usage: (() => Usage | undefined) | undefined;
  /** The provider does not say what it used: the usage is an upper bound. */
  readonly estimated?: boolean;
  readonly answeredAtMs: number;
}

/** What a call turned out to have used. */
export interface Consumption {
  readonly usage: Usage;
  /** Undefined where no price is known. */
  readonly costNanoUsd: number | undefined;
  /** Whether the provider did not say, so that the figures are upper bounds. */
  readonly estimated: boolean;
}

/** The part of an answer that was there when it broke off. */
export interface Resumed {
  readonly from: Target;
  /** When the attempt that made it was sent. */
  readonly sentAtMs: number | undefined;
  /** UTF-8 bytes of what the model had made. */
  readonly atOutputBytes: number;
  readonly consumption: Consumption;
}

/**
 * One request on its way through the chain. Each middleware fills in what it finds out; the last one settles with it.
 */
export interface Exchange {
  readonly requestId: string;
  readonly startedAtMs: number;
  /** No work begins after this; the function still has time to settle. */
  deadlineAtMs: number;
  /** As it came; an uploaded body takes the place of its own. */
  http: HttpRequest;
  /** Whose error bodies the caller understands. */
  readonly dialect: Dialect;
  readonly traceparent: string | undefined;
  /** Fires when the caller left, where the platform tells. */
  readonly clientGone: AbortSignal;
  readonly timings: Timings;
  readonly attempts: AttemptRecord[];
  /** Headers that the answer will carry, whatever it is. */
  readonly responseHeaders: Record<string, string>;
  endpoint?: Endpoint;
  principal?: Principal;
  call?: Call;
  options?: CallOptions;
  /** The version of the configuration that the call began with, and keeps. */
  config?: LiveConfig;
  plan?: Plan;
  quote?: Quote;
  admitted?: Admitted;
  /** The limit that refused the call. */
  refused?: Refused;
  /** Output tokens per choice held so far, for a stream that is held in slices. */
  heldOutputTokens?: number;
  /** A cap on output tokens that the gateway set. */
  maxOutputTokens?: number;
  /** Room held at targets that have limits of their own. */
  targetHolds?: TargetHolds;
  /** A copy of the call under way to the mirror of its route. */
  mirrored?: Promise<void>;
  answered?: Answered;
  /** A stream that the caller left before anything of it was shown. */
  abandoned?: Abandoned;
  /** The first part of the answer, where it broke off and another target carried it on. */
  resumed?: Resumed;
  delivery?: Promise<DeliveryReport>;
  /** The cache's part in the call; absent where it has none. */
  cache?: CacheExchange;
  /** The stored answer that the call was served, which costs nothing. */
  replayed?: Replayed;
  /** Takes the answer down, where it is to be kept. */
  recorder?: AnswerRecorder;
  /** What the answer was before the dialect told it, where it was translated and is to be kept. */
  translated?: () => TranslatedAnswer | undefined;
  /** Takes the answer down for the payload log, where that is on. */
  payload?: AnswerRecorder;
  /** The call's hold on its `Idempotency-Key`, where it is the first with it. */
  idempotency?: Lead;
  /** The status that went out. */
  status?: number;
  error?: GatewayError;
}

export type GatewayContext = Context & { exchange: Exchange };

/** A middleware of the data plane. */
export type GatewayMiddleware = middy.MiddlewareObj<APIGatewayProxyEvent, GatewayResponse, Error, GatewayContext>;

/** What an earlier middleware must have found out; its absence is a mistake in the order of the chain. */
export function known<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new GatewayError('internal_error', `The ${what} is not known at this point of the chain.`);
  return value;
}
