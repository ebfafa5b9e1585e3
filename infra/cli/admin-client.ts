import type * as z from 'zod';
import { CliError } from './cli-error.ts';
import type { Connection } from './connection.ts';

/** Query parameters; those that are undefined are left out. */
export type Query = Readonly<Record<string, string | number | undefined>>;

/** Longer than any answer of the control plane takes, with the retries of its store. */
const timeoutMs = 30_000;

/** Calls the control plane over HTTP. Every failure is a CliError whose message says what to do. */
export class AdminClient {
  readonly #connection: () => Connection;
  readonly #actor: string;

  /** `connection` is asked for at the first call, so that a verb without one needs no key. */
  constructor(connection: () => Connection, actor: string) {
    this.#connection = connection;
    this.#actor = actor;
  }

  /** Calls `path` with a body as JSON, or as YAML where it is text; checks the answer against `schema` and returns it. */
  async call<Schema extends z.ZodType>(method: string, path: string, schema: Schema, body?: object | string): Promise<z.output<Schema>> {
    const { response, answer, url } = await this.#exchange(method, path, body);
    if (!response.ok) throw refusal(response, answer, url);
    return understood(schema, answer, url);
  }

  /** Like `call` with GET, but undefined where there is nothing. */
  async find<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema> | undefined> {
    const { response, answer, url } = await this.#exchange('GET', path, undefined);
    if (response.status === 404 && errorMessage(answer) !== undefined) return undefined;
    if (!response.ok) throw refusal(response, answer, url);
    return understood(schema, answer, url);
  }

  /** Like `call`, with GET and query parameters. */
  async get<Schema extends z.ZodType>(path: string, schema: Schema, query: Query = {}): Promise<z.output<Schema>> {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.set(name, String(value));
    return this.call('GET', parameters.size === 0 ? path : `${path}?${parameters}`, schema);
  }

  async #exchange(method: string, path: string, body: object | string | undefined) {
    const { url, adminKey } = this.#connection();
    const response = await this.#send(`${url}${path}`, method, adminKey, body);
    return { response, answer: parsedJson(await response.text()), url };
  }

  async #send(url: string, method: string, adminKey: string, body: object | string | undefined): Promise<Response> {
    try {
      return await fetch(url, {
        method,
        headers: {
          authorization: `Bearer ${adminKey}`,
          // Header values are bytes: a name outside Latin-1 would be refused by fetch.
          'x-sluice-actor': this.#actor.replace(/[^\x20-\x7e]/g, '?'),
          ...(body !== undefined && { 'content-type': typeof body === 'string' ? 'application/yaml' : 'application/json' }),
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch (error) {
      const { origin } = new URL(url);
      if (error instanceof Error && error.name === 'TimeoutError') throw new CliError(1, `${origin} did not answer within 30 s.`, error);
      throw new CliError(
        1,
        `Nothing answers at ${origin}. Start the gateway with "npm start", or say where it is with --url or SLUICE_URL.`,
        error,
      );
    }
  }
}

function understood<Schema extends z.ZodType>(schema: Schema, answer: unknown, url: string): z.output<Schema> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new CliError(1, `${url} does not answer like a Sluice control plane. Check --url.`, parsed.error);
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not the control plane's: whoever asked sees that from the shape.
    return undefined;
  }
}

function refusal(response: Response, answer: unknown, url: string): CliError {
  const message = errorMessage(answer);
  if (response.status === 401) return new CliError(1, `${url} refuses the admin key. Check --admin-key or SLUICE_ADMIN_KEY.`);
  if (message === undefined) return new CliError(1, `${url} answers ${response.status} and not like a Sluice control plane. Check --url.`);
  return new CliError(1, message.replaceAll(/\s+/g, ' '));
}

function errorMessage(answer: unknown): string | undefined {
  if (typeof answer !== 'object' || answer === null || !('error' in answer)) return undefined;
  const { error } = answer;
  if (typeof error !== 'object' || error === null || !('message' in error)) return undefined;
  return typeof error.message === 'string' ? error.message : undefined;
}
