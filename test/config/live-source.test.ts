import { describe, expect, it } from 'vitest';
import { putConfig } from '../../shared/config/config-change.ts';
import { differences } from '../../shared/config/config-diff.ts';
import { LiveConfigSource } from '../../shared/config/config-live-source.ts';
import type { ConfigVersion, ConfigVersionStore, CurrentVersion } from '../../shared/config/config-versions.ts';
import { liveConfig } from '../../shared/config/live-config.ts';
import { checkConfig } from '../../shared/config/load-config.ts';

/** Versions in memory, with a store that can be told not to answer, or never to. */
class Versions implements ConfigVersionStore {
  readonly all = new Map<number, ConfigVersion>();
  pointer: CurrentVersion | undefined;
  looks = 0;
  mode: 'answers' | 'fails' | 'hangs' = 'answers';

  async current(): Promise<CurrentVersion | undefined> {
    this.looks += 1;
    if (this.mode === 'fails') throw new Error('the store does not answer');
    if (this.mode === 'hangs') return new Promise(() => {});
    return this.pointer;
  }

  async find(version: number): Promise<ConfigVersion | undefined> {
    return this.all.get(version);
  }

  async add(version: ConfigVersion): Promise<boolean> {
    if (this.all.has(version.version)) return false;
    this.all.set(version.version, version);
    return true;
  }

  async setCurrent(current: CurrentVersion): Promise<boolean> {
    if ((this.pointer?.revision ?? 0) !== current.revision - 1) return false;
    this.pointer = current;
    return true;
  }

  async list(): Promise<readonly ConfigVersion[]> {
    return [...this.all.values()].toReversed();
  }
}

const change = (settings: ConfigVersion['settings']) => ({ createdAtMs: 0, actor: 'test', source: 'api' as const, settings });

function sourceOn(versions: Versions) {
  const clock = { nowMs: 1_000_000 };
  const problems: string[] = [];
  const source = new LiveConfigSource({
    file: checkConfig({ defaults: { retries: 9 } }, () => 'file'),
    versions,
    make: (settings, version) => liveConfig(settings, { secrets: { read: async () => undefined }, environment: {}, version }),
    nowMs: () => clock.nowMs,
    onProblem: (message) => problems.push(message),
  });
  const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));
  return { source, clock, problems, settled };
}

describe('following the configuration', () => {
  it('waits for the first look, so that no instance begins with what held before', async () => {
    const versions = new Versions();
    await putConfig(versions, change({ defaults: { retries: 1 } }));
    const { source } = sourceOn(versions);
    expect((await source.current()).retries).toBe(1);
  });

  it('looks beside the calls every few seconds, and never twice at once', async () => {
    const versions = new Versions();
    const { source, clock, settled } = sourceOn(versions);
    await source.current();
    await putConfig(versions, change({ defaults: { retries: 1 } }));
    const looks = versions.looks;
    clock.nowMs += 2_900;
    expect((await source.current()).version).toBe(0);
    expect(versions.looks).toBe(looks);
    clock.nowMs += 200;
    expect((await source.current()).version).toBe(0);
    source.touch();
    expect(versions.looks).toBe(looks + 1);
    await settled();
    expect((await source.current()).version).toBe(1);
  });

  it('asks before the first call after a sleep', async () => {
    const versions = new Versions();
    const { source, clock } = sourceOn(versions);
    await source.current();
    await putConfig(versions, change({ defaults: { retries: 3 } }));
    clock.nowMs += 60_000;
    expect((await source.current()).retries).toBe(3);
  });

  it('goes on with what it knows while the store fails, and holds a call up only for so long while it hangs', async () => {
    const versions = new Versions();
    await putConfig(versions, change({ defaults: { retries: 1 } }));
    const { source, clock, problems } = sourceOn(versions);
    await source.current();
    versions.mode = 'fails';
    clock.nowMs += 60_000;
    expect((await source.current()).retries).toBe(1);
    expect(problems).toEqual(['the configuration cannot be looked up']);
    versions.mode = 'hangs';
    clock.nowMs += 60_000;
    const startedAt = performance.now();
    expect((await source.current()).retries).toBe(1);
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  it('tells the version it saw last without asking: the file before its first look, and a newer one while the store is gone', async () => {
    const versions = new Versions();
    await putConfig(versions, change({ on_store_failure: 'open' }));
    const { source, clock } = sourceOn(versions);
    expect(source.lastKnown.settings.on_store_failure).toBe('closed');
    await source.current();
    versions.mode = 'hangs';
    clock.nowMs += 60_000;
    expect(source.lastKnown.settings.on_store_failure).toBe('open');
  });

  it('keeps the one before where a version does not hold with its own code', async () => {
    const versions = new Versions();
    const { source, problems } = sourceOn(versions);
    await source.current();
    await putConfig(versions, change({ of: 'another time' }));
    const { source: other, problems: others } = sourceOn(versions);
    expect((await other.current()).retries).toBe(9);
    expect(others).toEqual(['version 1 of the configuration does not hold here']);
    expect(problems).toEqual([]);
  });

  it('takes the file again after a version that hands back to it', async () => {
    const versions = new Versions();
    await putConfig(versions, change({ defaults: { retries: 1 } }));
    await putConfig(versions, { createdAtMs: 0, actor: 'test', source: 'file', restored: 0 });
    const { source } = sourceOn(versions);
    expect(await source.current()).toMatchObject({ version: 2, retries: 9 });
  });
});

describe('putting a configuration in place', () => {
  it('passes over a number that a change cut short has left behind', async () => {
    const versions = new Versions();
    await versions.add({ ...change({}), version: 1 });
    expect((await putConfig(versions, change({}))).version).toBe(2);
    expect(versions.pointer).toEqual({ version: 2, revision: 1 });
  });

  it('lets one of two changes at the same moment through', async () => {
    const versions = new Versions();
    const outcomes = await Promise.allSettled([putConfig(versions, change({})), putConfig(versions, change({}))]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('refuses what does not fit the store', async () => {
    await expect(putConfig(new Versions(), change({ models: { x: 'y'.repeat(200_000) } }))).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });
});

describe('the difference of two configurations', () => {
  it('names each place once, as deep as both are alike', () => {
    expect(differences({ a: 1, b: { c: [1, 2], d: true } }, { a: 1, b: { c: [1, 3, 4], e: null } })).toEqual([
      { path: 'b.c.1', before: 2, after: 3 },
      { path: 'b.c.2', after: 4 },
      { path: 'b.d', before: true },
      { path: 'b.e', after: null },
    ]);
    expect(differences({ a: [] }, { a: [] })).toEqual([]);
  });
});
