import type { Directory, Principal } from './directory.ts';
import { FreshCache, type FreshCacheOptions } from './fresh-cache.ts';
import type { GroupKind, GroupRecord, SharedLimits, SharedLimitsName } from './group-record.ts';
import type { KeyRecord } from './key-record.ts';
import type { TagLimits } from './tag-limits.ts';

/**
 * Where a directory reads from. Every read must be strongly consistent, and must throw `store_unavailable`
 * rather than answer "there is none" when the store does not answer.
 */
export interface DirectorySource {
  /** The id of the key that this hash belongs to. Never changes once it is there. */
  findKeyId(keyHash: string): Promise<string | undefined>;
  findKey(id: string): Promise<KeyRecord | undefined>;
  findGroup(kind: GroupKind, id: string): Promise<GroupRecord | undefined>;
  findSharedLimits(name: SharedLimitsName): Promise<SharedLimits | undefined>;
  findTagLimits(): Promise<TagLimits | undefined>;
}

/** Bounds of a `CachedDirectory`. */
export interface CachedDirectoryOptions {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** How long a record is believed, from the start of its reading. Default 10 s, which is also the promise: a revoked key is dead by then. */
  readonly maxAgeMs?: number;
  /** How long a hash is believed to belong to no key. Default 1 s. */
  readonly unknownMaxAgeMs?: number;
  /** Keys kept in memory. Default 5,000, some 10 MB. */
  readonly maxKeys?: number;
  /** Unknown hashes kept in memory. Default 1,000, some 200 KB. */
  readonly maxUnknown?: number;
  /**
   * Asked when a record cannot be read anew because the store does not answer: whether what was read last goes on to hold,
   * for at most an hour. Default: it does not. A hash that nothing is known of is `store_unavailable` either way.
   */
  readonly believesUnread?: (error: unknown) => boolean;
}

type Believes = NonNullable<FreshCacheOptions<unknown>['believesUnread']>;

/** A key that was revoked when the store went away is dead by then, whatever the operator prefers. */
const longestUnreadMs = 3_600_000;

/**
 * A directory that reads each record at most once in ten seconds, however many calls come in.
 *
 * A key seen for the first time costs two reads one after the other (hash → id, id → record) and its
 * groups beside or after them; from then on the id is known and one read in ten seconds renews the record.
 */
export class CachedDirectory implements Directory {
  readonly #keyIds: FreshCache<string>;
  readonly #keys: FreshCache<KeyRecord>;
  readonly #groups: Record<GroupKind, FreshCache<GroupRecord>>;
  readonly #sharedLimits: FreshCache<SharedLimits>;
  readonly #tagLimits: FreshCache<TagLimits>;

  constructor(source: DirectorySource, options: CachedDirectoryOptions) {
    const maxAgeMs = options.maxAgeMs ?? 10_000;
    const absentMaxAgeMs = options.unknownMaxAgeMs ?? 1_000;
    const maxEntries = options.maxKeys ?? 5_000;
    const maxAbsent = options.maxUnknown ?? 1_000;
    const { clock } = options;
    const believes: Believes = ({ ageMs }, error) => ageMs <= longestUnreadMs && options.believesUnread?.(error) === true;
    // That a hash or a key was unknown is never held against a caller while the store cannot say so.
    const believesPresent: Believes = (entry, error) => entry.present && believes(entry, error);
    const groupsOf = (kind: GroupKind) =>
      new FreshCache<GroupRecord>({
        load: (id) => source.findGroup(kind, id),
        clock,
        maxAgeMs,
        // Having no record is the usual case for a group, so it is believed as long as a record is.
        absentMaxAgeMs: maxAgeMs,
        maxEntries,
        maxAbsent: maxEntries,
        believesUnread: believes,
      });
    this.#keyIds = new FreshCache({
      load: (keyHash) => source.findKeyId(keyHash),
      clock,
      maxAgeMs: Number.POSITIVE_INFINITY,
      absentMaxAgeMs,
      maxEntries,
      maxAbsent,
    });
    this.#keys = new FreshCache({
      load: (id) => source.findKey(id),
      clock,
      maxAgeMs,
      absentMaxAgeMs,
      maxEntries,
      maxAbsent,
      believesUnread: believesPresent,
    });
    this.#groups = { team: groupsOf('team'), user: groupsOf('user'), organization: groupsOf('organization') };
    const rows = { clock, maxAgeMs, absentMaxAgeMs: maxAgeMs, maxEntries: 2, maxAbsent: 2, believesUnread: believes };
    this.#sharedLimits = new FreshCache({
      ...rows,
      load: (name) => source.findSharedLimits(name === 'gateway' ? 'gateway' : 'end-users'),
    });
    this.#tagLimits = new FreshCache({ ...rows, load: () => source.findTagLimits() });
  }

  async find(keyHash: string): Promise<Principal | undefined> {
    const keyId = await this.#keyIds.get(keyHash);
    if (keyId === undefined) return undefined;
    const [key, gateway, endUsers, tags] = await Promise.all([
      this.#keyOpenedBy(keyHash, keyId),
      this.#sharedLimits.get('gateway'),
      this.#sharedLimits.get('end-users'),
      this.#tagLimits.get('tags'),
    ]);
    const secret = key && secretOf(key, keyHash);
    if (!key || !secret) {
      // The key is deleted, or the secret replaced and its grace over: from now on the hash is like any wrong one.
      this.#keyIds.forget(keyHash);
      return undefined;
    }
    const [team, user, organization] = await Promise.all([
      this.#group('team', key.team),
      this.#group('user', key.user),
      this.#group('organization', key.organization),
    ]);
    return {
      key,
      ...(team && { team }),
      ...(user && { user }),
      ...(organization && { organization }),
      ...(gateway && { gateway: gateway.limits }),
      ...(endUsers && { endUserDefaults: endUsers.limits }),
      ...(tags && { tagLimits: tags.tags }),
      ...(secret.validUntilMs !== undefined && { graceEndsAtMs: secret.validUntilMs }),
    };
  }

  async findUser(id: string): Promise<GroupRecord | undefined> {
    return this.#groups.user.get(id);
  }

  async #keyOpenedBy(keyHash: string, keyId: string): Promise<KeyRecord | undefined> {
    const key = await this.#keys.get(keyId);
    // A secret that a rotation has just made is newer than the record in memory: it must work at once.
    return !key || secretOf(key, keyHash) ? key : this.#keys.read(keyId);
  }

  #group(kind: GroupKind, id: string | undefined): Promise<GroupRecord | undefined> {
    return id === undefined ? Promise.resolve(undefined) : this.#groups[kind].get(id);
  }
}

function secretOf(key: KeyRecord, keyHash: string): KeyRecord['hashes'][number] | undefined {
  return key.hashes.find((candidate) => candidate.hash === keyHash);
}
