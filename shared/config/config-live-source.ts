import { type ConfigVersionReader, fileVersion } from './config-versions.ts';
import type { GatewayConfig } from './gateway-config.ts';
import type { ConfigSource, LiveConfig } from './live-config.ts';
import { checkConfig } from './load-config.ts';

/** How old the known version may be before it is looked up again beside the calls. */
const lookEveryMs = 3_000;
/** How old it may be at most when a call begins with it; then the call waits for the look. */
const longestAgeMs = 8_000;
/** A store that does not answer holds no call up for longer than this. */
const longestWaitMs = 1_500;

/** What following the configuration needs of the world. */
export interface LiveConfigParts {
  /** The configuration that came with the deployment. */
  readonly file: GatewayConfig;
  readonly versions: ConfigVersionReader;
  readonly make: (settings: GatewayConfig, version: number) => LiveConfig;
  readonly nowMs: () => number;
  /** Told of a version that cannot be read or does not hold here; the one before goes on. */
  readonly onProblem: (message: string, error: unknown) => void;
}

/**
 * The configuration as it changes: every instance looks every few seconds which version holds, beside its calls, and
 * takes it up. An instance that slept asks before its first call, so that nobody is served with what held ten seconds
 * ago. While the store does not answer, what is known goes on.
 */
export class LiveConfigSource implements ConfigSource {
  readonly #parts: LiveConfigParts;
  #live: LiveConfig;
  #version: number = fileVersion;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;

  constructor(parts: LiveConfigParts) {
    this.#parts = parts;
    this.#live = parts.make(parts.file, fileVersion);
  }

  async current(): Promise<LiveConfig> {
    this.touch();
    if (this.#age() > longestAgeMs && this.#looking !== undefined) await withinTime(this.#looking, longestWaitMs);
    return this.#live;
  }

  /** The last version this instance took up, without looking: what holds when the store is gone. */
  get lastKnown(): LiveConfig {
    return this.#live;
  }

  /** Begins to look where it is time to. Called early, so that the answer is there when a call asks. */
  touch(): void {
    if (this.#looking !== undefined || this.#age() < lookEveryMs) return;
    const beganAtMs = this.#parts.nowMs();
    this.#looking = this.#look()
      .then(() => {
        this.#lookedAtMs = beganAtMs;
      })
      .catch((error: unknown) => {
        this.#parts.onProblem('the configuration cannot be looked up', error);
        // Not at once again: a store in trouble is not helped by questions.
        this.#lookedAtMs = Math.max(this.#lookedAtMs, beganAtMs - lookEveryMs + 1_000);
      })
      .finally(() => {
        this.#looking = undefined;
      });
  }

  #age(): number {
    return this.#parts.nowMs() - this.#lookedAtMs;
  }

  async #look(): Promise<void> {
    const { versions, file, make, onProblem } = this.#parts;
    const version = (await versions.current())?.version ?? fileVersion;
    if (version === this.#version) return;
    const stored = version === fileVersion ? undefined : await versions.find(version);
    try {
      const settings = stored?.settings === undefined ? file : checkConfig(stored.settings, () => `version ${version}`);
      this.#live = make(settings, version);
    } catch (error) {
      onProblem(`version ${version} of the configuration does not hold here`, error);
    }
    this.#version = version;
  }
}

async function withinTime(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
