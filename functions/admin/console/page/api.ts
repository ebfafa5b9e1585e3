/** An answer that was no success, in the gateway's own words. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** 0 where there was no answer at all. */
  readonly status: number;
  readonly code: string;
  /** Of the answer, where there was one. */
  readonly headers: Headers | undefined;
  readonly requestId: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, code: string, message: string, headers?: Headers) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
    this.requestId = headers?.get('x-sluice-request-id') ?? undefined;
    const wait = Number(headers?.get('retry-after') ?? Number.NaN);
    this.retryAfterSeconds = Number.isFinite(wait) ? wait : undefined;
  }
}

/** What a call of the API may bring. */
export interface CallOptions {
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Everything before `/console`: in AWS the stage is part of the path. */
export const basePath = location.pathname.replace(/\/console\/?$/, '');

/** Where the API of this gateway begins, for people to copy. */
export const baseUrl = `${location.origin}${basePath}`;

/** The API with one key. */
export class Api {
  readonly #key: string;

  constructor(key: string) {
    this.#key = key;
  }

  get<Answer>(path: string, options: CallOptions = {}): Promise<Answer> {
    return this.call<Answer>('GET', path, options);
  }

  /** Calls and reads the answer as JSON. @throws ApiError, or what an abort throws. */
  async call<Answer>(method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const response = await this.send(method, path, options);
    const text = await response.text();
    try {
      return JSON.parse(text === '' ? 'null' : text);
    } catch {
      throw new ApiError(response.status, 'unreadable', 'The gateway answered with something that is not JSON.', response.headers);
    }
  }

  /** Calls and hands the answer back unread. @throws ApiError where it is no success. */
  async send(method: string, path: string, options: CallOptions = {}): Promise<Response> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(options.query ?? {}))
      if (value !== undefined && value !== '') query.set(name, String(value));
    const response = await fetch(`${basePath}${path}${query.size > 0 ? `?${query}` : ''}`, {
      method,
      cache: 'no-store',
      credentials: 'omit',
      headers: {
        authorization: `Bearer ${this.#key}`,
        'x-sluice-actor': 'console',
        ...(options.body && { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(options.body && { body: JSON.stringify(options.body) }),
      ...(options.signal && { signal: options.signal }),
    }).catch((cause: unknown) => {
      if (options.signal?.aborted) throw cause;
      throw new ApiError(0, 'unreachable', 'The gateway does not answer. Check that it is running and that this machine is online.');
    });
    if (!response.ok) throw await errorOf(response);
    return response;
  }
}

async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  try {
    const { error } = JSON.parse(text);
    return new ApiError(response.status, String(error.code ?? error.type), String(error.message), response.headers);
  } catch {
    return new ApiError(response.status, 'unreadable', `The gateway answered ${response.status} without saying why.`, response.headers);
  }
}
