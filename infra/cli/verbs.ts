import type { Verb } from './verb.ts';
import { auditBooks } from './verbs/audit-books.ts';
import { cachePurge } from './verbs/cache-purge.ts';
import { cacheStats } from './verbs/cache-stats.ts';
import { configApply, configDiff, configGet, configRollback, configValidate, configVersions } from './verbs/config.ts';
import { groupVerbs } from './verbs/group-verbs.ts';
import { keysCreate } from './verbs/keys-create.ts';
import { keysList } from './verbs/keys-list.ts';
import { keysRevoke } from './verbs/keys-revoke.ts';
import { keysRotate } from './verbs/keys-rotate.ts';
import { keysShow } from './verbs/keys-show.ts';
import { keysUpdate } from './verbs/keys-update.ts';
import { limitsSet } from './verbs/limits-set.ts';
import { limitsShow } from './verbs/limits-show.ts';
import { logsShow, logsTail } from './verbs/logs.ts';
import { requests } from './verbs/requests.ts';
import { routeExplain } from './verbs/route-explain.ts';
import { tagVerbs } from './verbs/tag-verbs.ts';
import { trace } from './verbs/trace.ts';
import { trail } from './verbs/trail.ts';
import { usage } from './verbs/usage.ts';

/** Every verb, in the order of the help. */
export const verbs: readonly Verb[] = [
  keysCreate,
  keysList,
  keysShow,
  keysUpdate,
  keysRotate,
  keysRevoke,
  ...groupVerbs,
  ...tagVerbs,
  limitsShow,
  limitsSet,
  configGet,
  configApply,
  configValidate,
  configDiff,
  configVersions,
  configRollback,
  routeExplain,
  usage,
  cacheStats,
  cachePurge,
  requests,
  logsTail,
  logsShow,
  trace,
  auditBooks,
  trail,
];
