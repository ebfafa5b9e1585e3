import { GatewayError } from '../errors/gateway-error.ts';
import type { SecretReader } from '../providers/configured-provider.ts';

/** How long a secret may be served from memory. */
const cacheMs = 5 * 60_000;
/** A refused key makes the gateway look again, but not more often than this. */
const minimumAgeMs = 5_000;

/** Reads a whole secret string from where secrets are kept. */
export interface SecretStore {
  read(secretId: string): Promise<string>;
}

/**
 * Resolves secret references: `env:NAME` from the environment, else from the provider secret's field of that name;
 * `secret:NAME` the other way round. The provider secret is one JSON object, kept in memory for five minutes.
 */
export class ReferencedSecrets implements SecretReader {
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #store: SecretStore | undefined;
  readonly #secretId: string | undefined;
  readonly #nowMs: () => number;
  #cached: { readonly fields: Promise<Readonly<Record<string, unknown>>>; readonly readAtMs: number } | undefined;

  constructor(options: {
    readonly environment?: Readonly<Record<string, string | undefined>>;
    readonly store?: SecretStore | undefined;
    readonly secretId?: string | undefined;
    readonly nowMs: () => number;
  }) {
    this.#environment = options.environment ?? process.env;
    this.#store = options.store;
    this.#secretId = options.secretId;
    this.#nowMs = options.nowMs;
  }

  async read(reference: string, fresh: boolean): Promise<string | undefined> {
    const colon = reference.indexOf(':');
    const name = reference.slice(colon + 1);
    if (reference.startsWith('env:')) return this.#environment[name] ?? (await this.#field(name, fresh));
    return (await this.#field(name, fresh)) ?? this.#environment[name];
  }

  async #field(name: string, fresh: boolean): Promise<string | undefined> {
    if (this.#store === undefined || this.#secretId === undefined) return undefined;
    const age = this.#cached === undefined ? Number.POSITIVE_INFINITY : this.#nowMs() - this.#cached.readAtMs;
    if (this.#cached === undefined || age > cacheMs || (fresh && age > minimumAgeMs)) {
      const fields = this.#store.read(this.#secretId).then(parseSecret);
      const entry = { fields, readAtMs: this.#nowMs() };
      this.#cached = entry;
      fields.catch(() => {
        if (this.#cached === entry) this.#cached = undefined;
      });
    }
    const value = (await this.#cached.fields)[name];
    return typeof value === 'string' ? value : undefined;
  }
}

function parseSecret(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { ...value };
  } catch {
    // Falls through: the text must not reach an error message.
  }
  throw new GatewayError('internal_error', 'The provider secret is not a JSON object of the form {"OPENAI_API_KEY": "…"}.');
}
