import { type Api, ApiError } from './api.ts';
import { auditView } from './audit-view.ts';
import { cacheView } from './cache-view.ts';
import { configView } from './config-view.ts';
import { keysView } from './keys-view.ts';
import { limitsView } from './limits-view.ts';
import { overviewView } from './overview-view.ts';
import { modelsView, ownKeyView, receiptsView } from './own-key-view.ts';
import { playgroundView } from './playground-view.ts';
import { requestsView } from './requests-view.ts';
import { sessionsView } from './session-view.ts';
import { usageView } from './usage-view.ts';
import type { View } from './view.ts';

/** What the admin key opens. */
export const adminViews: readonly View[] = [
  overviewView,
  usageView,
  requestsView,
  keysView,
  limitsView,
  playgroundView,
  cacheView,
  configView,
  auditView,
  sessionsView,
];

/** What a virtual key opens. */
export const ownKeyViews: readonly View[] = [ownKeyView, playgroundView, modelsView, receiptsView];

/** Those views whose endpoint this gateway has. An endpoint that fails in any other way than 404 is there. */
export async function availableViews(api: Api, views: readonly View[]): Promise<readonly View[]> {
  const there = await Promise.all(views.map((view) => view.needs === undefined || exists(api, view.needs)));
  return views.filter((_, index) => there[index]);
}

async function exists(api: Api, path: string): Promise<boolean> {
  try {
    await api.get(path);
    return true;
  } catch (error) {
    return !(error instanceof ApiError && error.status === 404);
  }
}
