import type { ModelLimits } from '../admission/limits.ts';
import type { JsonObject } from '../calls/json.ts';
import type { SpendingBounds } from '../dialects/dialect.ts';
import type { ConfiguredProvider } from '../providers/configured-provider.ts';
import type { Timeouts } from '../providers/transport.ts';
import type { CallFacts } from './call-facts.ts';
import type { Speed } from './health.ts';
import type { ProviderPreferences } from './preferences.ts';
import type { Route, TimeoutSettings } from './route-schema.ts';

/** One place a call may go, with everything an attempt needs to know. */
export interface Target {
  /** `provider/model`, as receipts and metrics name it. */
  readonly name: string;
  readonly provider: ConfiguredProvider;
  /** The provider's own name of the model. */
  readonly model: string;
  readonly retries: number;
  readonly timeouts: Timeouts;
  readonly overrides: Readonly<JsonObject>;
  /** What has to be sent along so that what is held covers what is billed. */
  readonly bounds?: SpendingBounds | undefined;
  /** Limits of its own, kept over all instances. */
  readonly limits?: ModelLimits | undefined;
}

/** Where a call may go, best first. */
export interface Plan {
  /** The model as the caller named it. */
  readonly requested: string;
  /** The route's name, where the caller named one. */
  readonly route: string | undefined;
  readonly targets: readonly Target[];
  /** What takes the place of the rest of the targets after a failure of this kind; empty where nothing does. */
  readonly fallbacks: { readonly contextLength: readonly Target[]; readonly contentPolicy: readonly Target[] };
  /** Whether an answer that breaks off may be carried on by another target. */
  readonly resume: boolean;
  /** Is sent a copy of the call, whose answer is recorded and not returned. */
  readonly mirror: Target | undefined;
  /** Targets that are not for this call, and why. */
  readonly leftOut: readonly LeftOut[];
  /** Why each target stands where it stands, by its name. */
  readonly reasons: ReadonlyMap<string, string>;
}

/** A target that a call does not get, and why. */
export interface LeftOut {
  readonly target: string;
  readonly reason: string;
}

/** The live configuration, as far as routing needs it. */
export interface RoutingTable {
  readonly providers: ReadonlyMap<string, ConfiguredProvider>;
  readonly routes: Readonly<Record<string, Route>>;
  readonly retries: number;
  readonly timeouts: Timeouts;
}

/** What a plan is made by beside the configuration. */
export interface PlanView {
  readonly facts: CallFacts;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** What the call would about cost there, in nano-USD; undefined where no price is known. */
  readonly estimate: (target: Target) => number | undefined;
  /** USD per million tokens; undefined where no price is known. */
  readonly priceOf: (target: Target) => { readonly prompt: number; readonly completion: number } | undefined;
  readonly speed: (target: Target) => Speed | undefined;
  readonly load: (target: Target) => number;
  /** Models to try after the one the call names. */
  readonly models: readonly string[];
  readonly preferences: ProviderPreferences | undefined;
  /** For listing what there is, whoever asks. */
  readonly conditions?: 'ignored';
}

/** What no configuration says otherwise, in milliseconds. Long answers are normal; long silence is not. */
export const defaultTimeouts: Timeouts = { connectMs: 5_000, firstByteMs: 120_000, idleMs: 60_000, totalMs: 840_000 };

/** What no configuration says otherwise: as the OpenAI clients do. */
export const defaultRetries = 2;

/** Timeouts with those of a configuration laid over them. */
export function withTimeouts(base: Timeouts, settings: TimeoutSettings | undefined): Timeouts {
  return {
    connectMs: settings?.connect_ms ?? base.connectMs,
    firstByteMs: settings?.first_byte_ms ?? base.firstByteMs,
    idleMs: settings?.idle_ms ?? base.idleMs,
    totalMs: settings?.total_ms ?? base.totalMs,
  };
}

/** The first target of each name. */
export function unique(targets: readonly Target[]): readonly Target[] {
  const names = new Set<string>();
  return targets.filter(({ name }) => !names.has(name) && names.add(name));
}
