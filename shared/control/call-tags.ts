import type { GroupRecord } from './group-record.ts';
import type { KeyRecord } from './key-record.ts';

/** Whose tags a call bears beside those its caller sends; what is not known is left out. */
interface TagHolders {
  readonly key: Pick<KeyRecord, 'tags'>;
  readonly user?: Pick<GroupRecord, 'tags'> | undefined;
  readonly team?: Pick<GroupRecord, 'tags'> | undefined;
  readonly organization?: Pick<GroupRecord, 'tags'> | undefined;
}

/**
 * The tags of a call, for everything that goes by tags: routes, limits, records and usage. What the operator says of a key,
 * its user, team and organisation wins, in this order, over what the caller sends: else a caller could put its calls on
 * another's account.
 */
export function tagsOfCall(
  { key, user, team, organization }: TagHolders,
  sent: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return { ...sent, ...organization?.tags, ...team?.tags, ...user?.tags, ...key.tags };
}
