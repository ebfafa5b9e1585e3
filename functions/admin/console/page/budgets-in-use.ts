import type { Budget, Group, Key, Limits, List, SharedLimits, TagLimits, WithStanding } from './shapes.ts';
import { hrefTo, type Place } from './view.ts';

/** A budget and whose it is. */
export interface NamedBudget {
  readonly name: string;
  readonly href: string;
  readonly budget: Budget;
}

/** Each holder's standing is a call of its own; so many are looked at, and so many shown. */
const mostAsked = 40;
const mostShown = 10;

interface Holder {
  readonly name: string;
  readonly href: string;
  readonly path: string;
}

/** The fullest budgets of the gateway, its groups and its keys. */
export async function budgetsInUse({ session: { api }, signal }: Place): Promise<readonly NamedBudget[]> {
  const list = async <Row extends { readonly id: string; readonly limits: Limits | null }>(path: string): Promise<readonly Row[]> => {
    const page = await api.get<List<Row>>(path, { query: { limit: 200 }, signal });
    return page.data.filter(({ limits }) => (limits?.budgets?.length ?? 0) > 0);
  };
  const kinds = ['organizations', 'teams', 'users'] as const;
  const [gateway, keys, tags, ...groups] = await Promise.all([
    api.get<SharedLimits>('/admin/limits/gateway', { signal }),
    list<Key>('/admin/keys'),
    list<TagLimits>('/admin/tags'),
    ...kinds.map((kind) => list<Group>(`/admin/${kind}`)),
  ]);
  const holders: Holder[] = [
    ...groups.flatMap((rows, index) =>
      rows.map(({ id }) => ({
        name: `${kinds[index]?.slice(0, -1).replace('iz', 'is')} ${id}`,
        href: hrefTo('limits', `${kinds[index]}/${id}`),
        path: `/admin/${kinds[index]}/${encodeURIComponent(id)}`,
      })),
    ),
    ...tags.map(({ id }) => ({ name: `tag ${id}`, href: hrefTo('limits'), path: `/admin/tags/${encodeURIComponent(id)}` })),
    ...keys.map(({ id, name }) => ({ name: `key ${name}`, href: hrefTo('keys', id), path: `/admin/keys/${encodeURIComponent(id)}` })),
  ];
  const asked = await Promise.all(
    holders.slice(0, mostAsked).map(async ({ name, href, path }) => {
      const { standing } = await api.get<WithStanding<Key | Group | TagLimits>>(path, { signal });
      return (standing?.budgets ?? []).map((budget) => ({ name, href, budget }));
    }),
  );
  const own = (gateway.standing?.budgets ?? []).map((budget) => ({ name: 'the whole gateway', href: hrefTo('limits'), budget }));
  return [...own, ...asked.flat()].sort((one, other) => fullness(other.budget) - fullness(one.budget)).slice(0, mostShown);
}

function fullness({ limit_usd, remaining_usd }: Budget): number {
  return limit_usd === 0 ? 1 : 1 - remaining_usd / limit_usd;
}
