import type { ControlStore } from '../../shared/control/control-store.ts';
import type { LedgerReader } from '../../shared/control/standing.ts';

/** What the operations of the control plane work with. An operation names those it needs. */
export interface AdminParts {
  readonly store: ControlStore;
  /** Without one, nothing is shown of what is spent and held. */
  readonly ledger?: LedgerReader;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Cryptographically strong. */
  readonly randomBytes: (size: number) => Uint8Array;
}

/** A request to the control plane, past authentication. */
export interface AdminRequest {
  /** Values of the `{name}` segments of the route's path, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Query parameters; of several with one name, the last. */
  readonly query: Readonly<Record<string, string | undefined>>;
  /** The body as JSON; undefined when there is none. */
  readonly body: unknown;
  /** The name the caller gave themselves in `x-sluice-actor`, else `admin`. For the audit trail. */
  readonly actor: string;
  /** The address the request came from, as far as it is known. */
  readonly address: string | undefined;
  /** The `If-None-Match` of a client that holds an earlier answer. */
  readonly ifNoneMatch?: string;
}

/** What the control plane answers; `body` is sent as JSON. */
export interface AdminAnswer {
  readonly status: number;
  readonly body: object;
  /** Sent in place of `body`. */
  readonly text?: { readonly contentType: string; readonly content: string };
  /** Beside the usual ones, or in their place. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** One operation. Refuses by throwing a GatewayError. */
export type Operation = (request: AdminRequest) => Promise<AdminAnswer>;

/** A row of the control plane's table. */
export interface AdminRoute {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Segments in braces stand for any one segment: `/admin/keys/{id}`. */
  readonly path: string;
  readonly operation: Operation;
  /** Answered without the admin key: for what says nothing of this gateway and its callers. */
  readonly open?: true;
}
