import type { Limits } from '../../../../shared/admission/limits.ts';
import type { renderOwnKey } from '../../../../shared/control/render-own-key.ts';
import type { renderAuditEntry, renderGroup, renderKey, renderTagLimits } from '../../../../shared/control/render-records.ts';
import type { readStanding, renderStanding } from '../../../../shared/control/standing.ts';
import type { ListedModel } from '../../../../shared/middleware/list-models.ts';

import type { renderDocument, renderVersion } from '../../config-documents.ts';

// What the gateway answers, taken from the functions that render it.

/** How a holder of limits stands. */
export type Standing = ReturnType<typeof renderStanding>;
/** The same, with each of its model patterns. */
export type WholeStanding = Awaited<ReturnType<typeof readStanding>>;
export type Budget = Standing['budgets'][number];
/** A key as a list shows it. */
export type Key = ReturnType<typeof renderKey>;
/** A team, user or organisation as a list shows it. */
export type Group = ReturnType<typeof renderGroup>;
/** The limits of a tag as a list shows them. */
export type TagLimits = ReturnType<typeof renderTagLimits>;
/** What is shown of one alone. */
export type WithStanding<Row> = Row & { readonly standing: WholeStanding };
export type SharedLimits = Limits & { readonly standing: WholeStanding };
export type OwnKey = Awaited<ReturnType<typeof renderOwnKey>>;
export type AuditEntry = ReturnType<typeof renderAuditEntry>;
/** A version of the configuration, and one with its content. */
export type ConfigVersion = ReturnType<typeof renderVersion>;
export type ConfigWhole = ReturnType<typeof renderDocument>;
export type { Limits, ListedModel };

/** A page of a list. */
export interface List<Row> {
  readonly data: readonly Row[];
  readonly has_more: boolean;
  readonly next_cursor: string | null;
}
