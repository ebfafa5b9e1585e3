import { describe, expect, it } from 'vitest';
import { liveConfig } from '../../shared/config/live-config.ts';
import { checkConfig } from '../../shared/config/load-config.ts';
import type { Speed } from '../../shared/routing/health.ts';
import { planFor } from '../../shared/routing/plan.ts';
import type { PlanView, Target } from '../../shared/routing/target.ts';

const noSecrets = { secrets: { read: async () => undefined }, environment: {} };

function tableOf(route: object) {
  return liveConfig(
    checkConfig({ models: { m: route } }, () => 'test'),
    noSecrets,
  );
}

const targets = ['echo/a', 'echo/b', 'echo/c'];

function view(more: Partial<PlanView> = {}): PlanView {
  return {
    facts: {
      nowMs: Date.UTC(2027, 0, 15, 12),
      tags: {},
      key: 'key_1',
      keyName: 'a key',
      team: undefined,
      user: undefined,
      organization: undefined,
      session: undefined,
      dialect: 'chat-completions',
      stream: false,
      body: {},
      content: { textBytes: 400, images: [], audio: [], files: [] },
    },
    random: () => 0.5,
    estimate: () => undefined,
    priceOf: () => undefined,
    speed: () => undefined,
    load: () => 0,
    models: [],
    preferences: undefined,
    ...more,
  };
}

const orderOf = (route: object, more?: Partial<PlanView>): string[] =>
  planFor('m', tableOf(route), view(more)).targets.map(({ name }) => name);
const by =
  <Value>(values: Record<string, Value>) =>
  ({ name }: Target): Value | undefined =>
    values[name];
const speed = (firstContentMs: number, tokensPerSecond: number): Speed => ({
  firstContentMs,
  tokensPerSecond,
  durationMs: 1_000,
  measuredAtMs: 0,
});

describe('cheapest', () => {
  it('goes by the cost of the call, what has no price last', () => {
    expect(orderOf({ strategy: 'cheapest', targets }, { estimate: by({ 'echo/a': 300, 'echo/c': 200 }) })).toEqual([
      'echo/c',
      'echo/a',
      'echo/b',
    ]);
  });

  it('keeps the order of the file among equals', () => {
    expect(orderOf({ strategy: 'cheapest', targets }, { estimate: () => 5 })).toEqual(targets);
  });
});

describe('fastest', () => {
  it('weighs time to first content and throughput', () => {
    const measured = { 'echo/a': speed(100, 10), 'echo/b': speed(900, 200), 'echo/c': speed(500, 20) };
    expect(orderOf({ strategy: 'fastest', targets }, { speed: by(measured) })).toEqual(['echo/b', 'echo/c', 'echo/a']);
  });

  it('puts what nobody has measured last, but tries it now and then', () => {
    const measured = { 'echo/b': speed(100, 50), 'echo/c': speed(200, 50) };
    expect(orderOf({ strategy: 'fastest', targets }, { speed: by(measured) })).toEqual(['echo/b', 'echo/c', 'echo/a']);
    expect(orderOf({ strategy: 'fastest', targets }, { speed: by(measured), random: () => 0.05 })).toEqual(['echo/a', 'echo/b', 'echo/c']);
  });

  it('is the order of the file while nothing is measured', () => {
    expect(orderOf({ strategy: 'fastest', targets }, { random: () => 0 })).toEqual(targets);
  });
});

describe('least_busy', () => {
  it('goes by the calls under way for the weight', () => {
    const load = ({ name }: Target): number => ({ 'echo/a': 4, 'echo/b': 10, 'echo/c': 3 })[name] ?? 0;
    const weighed = ['echo/a', { model: 'echo/b', weight: 5 }, 'echo/c'];
    expect(orderOf({ strategy: 'least_busy', targets: weighed }, { load })).toEqual(['echo/b', 'echo/c', 'echo/a']);
  });
});

describe('weighted', () => {
  it('draws first places in proportion to the weights', () => {
    const route = {
      strategy: 'weighted',
      targets: [
        { model: 'echo/a', weight: 8 },
        { model: 'echo/b', weight: 2 },
      ],
    };
    const table = tableOf(route);
    let seed = 1;
    // A linear congruential generator: the same draws on every run.
    const random = (): number => {
      seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
      return seed / 2 ** 32;
    };
    const first = Array.from({ length: 2_000 }, () => planFor('m', table, view({ random })).targets[0]?.name);
    const share = first.filter((name) => name === 'echo/a').length / first.length;
    expect(share).toBeGreaterThan(0.77);
    expect(share).toBeLessThan(0.83);
  });

  it('moves no more subjects than a change of the weights has to', () => {
    const share = (weight: number) => ({
      strategy: 'weighted',
      sticky: 'user',
      targets: [
        { model: 'echo/a', weight },
        { model: 'echo/b', weight: 1 },
      ],
    });
    const firstFor = (route: object, user: string): string | undefined => {
      const { facts } = view();
      return planFor('m', tableOf(route), view({ facts: { ...facts, user } })).targets[0]?.name;
    };
    const users = Array.from({ length: 200 }, (_, index) => `user-${index}`);
    for (const user of users) if (firstFor(share(1), user) === 'echo/a') expect(firstFor(share(3), user)).toBe('echo/a');
  });
});

describe('groups', () => {
  const nested = {
    targets: [
      { strategy: 'cheapest', retries: 0, timeouts: { idle_ms: 7 }, targets: ['echo/a', { model: 'echo/b', retries: 4 }] },
      'echo/c',
      'echo/a',
    ],
  };

  it('have a strategy of their own, and each target stands once', () => {
    expect(orderOf(nested, { estimate: by({ 'echo/a': 2, 'echo/b': 1, 'echo/c': 0 }) })).toEqual(['echo/b', 'echo/a', 'echo/c']);
  });

  it('hand their retries and timeouts to targets that say nothing', () => {
    const plan = planFor('m', tableOf(nested), view({ estimate: () => 1 }));
    expect(plan.targets.map(({ retries, timeouts }) => [retries, timeouts.idleMs])).toEqual([
      [0, 7],
      [4, 7],
      [2, 60_000],
    ]);
  });
});

describe('provider.require_parameters', () => {
  const table = liveConfig(
    checkConfig({ providers: { openai: {} }, models: { m: { targets: ['openai/gpt-4o', 'openai/o3-mini'] } } }, () => 'test'),
    noSecrets,
  );
  const left = (body: object, content: object = {}) => {
    const { facts } = view();
    const asking = { ...facts, body: JSON.parse(JSON.stringify(body)), content: { ...facts.content, ...content } };
    const plan = planFor('m', table, view({ facts: asking, preferences: { require_parameters: true } }));
    return plan.leftOut;
  };

  it.each([
    ['chat completions', { reasoning_effort: 'low' }],
    ['responses', { reasoning: { effort: 'low' } }],
    ['messages', { thinking: { type: 'enabled', budget_tokens: 1_024 } }],
    ['gemini', { generationConfig: { thinkingConfig: { thinkingBudget: 100 } } }],
  ])('leaves out what cannot reason, in the words of %s', (_dialect, body) => {
    expect(left(body)).toEqual([{ target: 'openai/gpt-4o', reason: 'it lacks reasoning' }]);
  });

  it('leaves out what sees no images', () => {
    const image = {};
    expect(left({}, { images: [image] })).toEqual([{ target: 'openai/o3-mini', reason: 'it lacks images' }]);
  });

  it('leaves nothing out of what every target can', () => {
    expect(left({ tools: [{}], reasoning_effort: 'none', thinking: { type: 'disabled' } })).toEqual([]);
  });
});

describe('a time of day', () => {
  const night = {
    targets: [{ model: 'echo/a', when: { time: { from: '22:00', to: '06:00', days: ['fri'], zone: 'Europe/Berlin' } } }, 'echo/b'],
  };
  const at = (iso: string): string | undefined => orderOf(night, { facts: { ...view().facts, nowMs: Date.parse(iso) } })[0];

  it.each([
    ['before it begins', '2027-01-15T20:59:00Z', 'echo/b'],
    ['when it begins, in its own time zone', '2027-01-15T21:00:00Z', 'echo/a'],
    ['after midnight, which still is its day', '2027-01-16T04:59:00Z', 'echo/a'],
    ['when it ends', '2027-01-16T05:00:00Z', 'echo/b'],
    ['on another day', '2027-01-16T22:00:00Z', 'echo/b'],
  ])('%s', (_when, iso, expected) => {
    expect(at(iso)).toBe(expected);
  });
});
