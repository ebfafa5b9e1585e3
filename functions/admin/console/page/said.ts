import { type Child, h } from './dom.ts';

/** What was asked and answered in a call, where the key or the route has it kept; for the admin key alone. */
export interface KeptPayload {
  readonly payload?: { readonly request: unknown; readonly response: unknown } | null;
}

/** Request and answer, each to be opened. */
export function saidDetails({ payload }: KeptPayload): Child {
  if (!payload) return undefined;
  return [
    ['Request', payload.request],
    ['Answer', payload.response],
  ].map(([name, value]) =>
    h(
      'details',
      null,
      h('summary', null, String(name)),
      h('pre', { class: 'code tall', tabindex: 0 }, typeof value === 'string' ? value : JSON.stringify(value, null, 2)),
    ),
  );
}
