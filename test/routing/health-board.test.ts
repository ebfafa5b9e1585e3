import { describe, expect, it } from 'vitest';
import type { HealthDelta, HealthStore, OpenReason, SharedHealth } from '../../shared/routing/health.ts';
import { HealthBoard } from '../../shared/routing/health-board.ts';

/** What all instances share, in memory, with answers that come when the test lets them. */
class SharedMemory implements HealthStore {
  readonly items = new Map<string, SharedHealth>();
  reads = 0;
  claims = 0;
  broken = false;

  async read(): Promise<readonly SharedHealth[]> {
    this.reads += 1;
    if (this.broken) throw new Error('the store does not answer');
    return [...this.items.values()];
  }

  async add(lane: string, slot: number, delta: HealthDelta): Promise<SharedHealth> {
    if (this.broken) throw new Error('the store does not answer');
    const item = this.#item(lane);
    const same = item.slot === slot;
    const next = {
      ...item,
      slot,
      ok: (same ? item.ok : 0) + delta.ok,
      bad: (same ? item.bad : 0) + delta.bad,
      speed: delta.speed ?? item.speed,
    };
    this.items.set(lane, next);
    return next;
  }

  async open(lane: string, { untilMs, reason, streak }: { untilMs: number; reason: OpenReason; streak: number }): Promise<void> {
    if (this.broken) throw new Error('the store does not answer');
    const item = this.#item(lane);
    if (untilMs > item.openUntilMs) this.items.set(lane, { ...item, openUntilMs: untilMs, openReason: reason, streak, probeUntilMs: 0 });
  }

  async close(lane: string): Promise<void> {
    const item = this.#item(lane);
    this.items.set(lane, { ...item, openUntilMs: 0, streak: 0, probeUntilMs: 0, ok: 0, bad: 0, previousOk: 0, previousBad: 0 });
  }

  async claimProbe(lane: string, { nowMs, untilMs }: { nowMs: number; untilMs: number }): Promise<boolean> {
    this.claims += 1;
    if (this.broken) throw new Error('the store does not answer');
    const item = this.#item(lane);
    if (item.openUntilMs === 0 || item.openUntilMs > nowMs || item.probeUntilMs > nowMs) return false;
    this.items.set(lane, { ...item, probeUntilMs: untilMs });
    return true;
  }

  #item(lane: string): SharedHealth {
    return (
      this.items.get(lane) ?? {
        lane,
        slot: 0,
        ok: 0,
        bad: 0,
        previousOk: 0,
        previousBad: 0,
        openUntilMs: 0,
        openReason: 'errors',
        streak: 0,
        probeUntilMs: 0,
        speed: undefined,
      }
    );
  }
}

const lane = 'up/m';
const answered = { failure: undefined, retryAfterMs: undefined };
const failed = { failure: 'server_error' as const, retryAfterMs: undefined };
const startMs = 1_800_000_000_000;

async function settled(board: HealthBoard, nowMs: number): Promise<void> {
  await board.flush(nowMs);
  await board.refresh(nowMs);
}

/** A board whose lane was opened by failures at `startMs`. */
async function opened(): Promise<{ store: SharedMemory; board: HealthBoard }> {
  const store = new SharedMemory();
  const board = new HealthBoard(store);
  for (let count = 0; count < 5; count += 1) board.report(lane, failed, startMs);
  await settled(board, startMs);
  return { store, board };
}

describe('a lane', () => {
  it('stays closed through a few failures, and through many among more answers', () => {
    const board = new HealthBoard(new SharedMemory());
    for (let count = 0; count < 4; count += 1) board.report(lane, failed, startMs);
    expect(board.pass(lane, startMs).kind).toBe('closed');
    const busy = new HealthBoard(new SharedMemory());
    for (let count = 0; count < 30; count += 1) busy.report(lane, count % 3 === 0 ? failed : answered, startMs);
    expect(busy.pass(lane, startMs).kind).toBe('closed');
  });

  it('opens when half of its answers are failures, at once and without the store', () => {
    const board = new HealthBoard(new SharedMemory());
    for (let count = 0; count < 5; count += 1) board.report(lane, failed, startMs);
    expect(board.pass(lane, startMs)).toEqual({ kind: 'open', reason: 'errors', untilMs: startMs + 5_000 });
  });

  it('opens after failures in a row, however many answers there were before', () => {
    const board = new HealthBoard(new SharedMemory());
    for (let count = 0; count < 1_000; count += 1) board.report(lane, answered, startMs);
    for (let count = 0; count < 7; count += 1) board.report(lane, failed, startMs);
    expect(board.pass(lane, startMs).kind).toBe('closed');
    board.report(lane, failed, startMs);
    expect(board.pass(lane, startMs).kind).toBe('open');
  });

  it('forgets failures that are older than its window', () => {
    const board = new HealthBoard(new SharedMemory());
    for (let count = 0; count < 4; count += 1) board.report(lane, failed, startMs);
    void board.flush(startMs);
    board.report(lane, failed, startMs + 60_000);
    expect(board.pass(lane, startMs + 60_000).kind).toBe('closed');
  });

  it('does not count what the caller got wrong', () => {
    const board = new HealthBoard(new SharedMemory());
    for (let count = 0; count < 20; count += 1) board.report(lane, { failure: 'caller', retryAfterMs: undefined }, startMs);
    for (let count = 0; count < 20; count += 1) board.report(lane, { failure: 'content_policy', retryAfterMs: undefined }, startMs);
    expect(board.pass(lane, startMs).kind).toBe('closed');
  });

  it("opens for as long as a provider's Retry-After says, and not for longer than a minute", () => {
    const board = new HealthBoard(new SharedMemory());
    board.report(lane, { failure: 'rate_limited', retryAfterMs: 3_000 }, startMs);
    expect(board.pass(lane, startMs)).toEqual({ kind: 'open', reason: 'throttled', untilMs: startMs + 3_000 });
    board.report('up/n', { failure: 'rate_limited', retryAfterMs: 3_600_000 }, startMs);
    expect(board.pass('up/n', startMs)).toMatchObject({ untilMs: startMs + 60_000 });
  });

  it('lets one call through when it is due, closes when that is answered', async () => {
    const { board } = await opened();
    const dueMs = startMs + 5_000;
    board.prepare([lane], dueMs);
    await settled(board, dueMs);
    expect([board.pass(lane, dueMs).kind, board.pass(lane, dueMs).kind, board.pass(lane, dueMs).kind]).toEqual(['probe', 'open', 'open']);
    board.report(lane, answered, dueMs + 100);
    expect(board.pass(lane, dueMs + 100).kind).toBe('closed');
  });

  it('opens for longer when the probe fails', async () => {
    const { board } = await opened();
    const dueMs = startMs + 5_000;
    board.prepare([lane], dueMs);
    await settled(board, dueMs);
    expect(board.pass(lane, dueMs).kind).toBe('probe');
    board.report(lane, failed, dueMs + 100);
    expect(board.pass(lane, dueMs + 100)).toMatchObject({ kind: 'open', untilMs: dueMs + 100 + 10_000 });
  });

  it('gives a probe back that was never made', async () => {
    const { board } = await opened();
    const dueMs = startMs + 5_000;
    board.prepare([lane], dueMs);
    await settled(board, dueMs);
    expect(board.pass(lane, dueMs).kind).toBe('probe');
    board.report(lane, { failure: 'aborted', retryAfterMs: undefined }, dueMs + 50);
    expect(board.pass(lane, dueMs + 60).kind).toBe('probe');
  });

  it('never makes a call wait for the store, nor fail with it', async () => {
    const store = new SharedMemory();
    store.broken = true;
    const errors: unknown[] = [];
    const board = new HealthBoard(store, (error) => errors.push(error));
    board.prepare([lane], startMs);
    for (let count = 0; count < 5; count += 1) board.report(lane, failed, startMs);
    await settled(board, startMs);
    const dueMs = startMs + 5_000;
    board.prepare([lane], dueMs);
    await settled(board, dueMs);
    expect(board.pass(lane, dueMs).kind).toBe('probe');
    board.report(lane, answered, dueMs);
    expect(board.pass(lane, dueMs).kind).toBe('closed');
    expect(errors.length).toBeGreaterThan(0);
  });
});

describe('several instances', () => {
  it('learn of an open lane without a failure of their own', async () => {
    const { store } = await opened();
    const other = new HealthBoard(store);
    await other.refresh(startMs + 100);
    expect(other.pass(lane, startMs + 100)).toMatchObject({ kind: 'open', reason: 'errors' });
  });

  it('open a lane on failures that none of them has seen enough of alone', async () => {
    const store = new SharedMemory();
    const boards = [0, 1, 2, 3, 4].map(() => new HealthBoard(store));
    for (const board of boards) {
      board.report(lane, failed, startMs);
      await board.flush(startMs + 1_000);
    }
    expect(boards[4]?.pass(lane, startMs).kind).toBe('open');
  });

  it('send one probe between them', async () => {
    const { store } = await opened();
    const boards = [0, 1, 2].map(() => new HealthBoard(store));
    const dueMs = startMs + 5_000;
    for (const board of boards) await board.refresh(dueMs);
    for (const board of boards) board.prepare([lane], dueMs);
    for (const board of boards) await settled(board, dueMs);
    expect(boards.map((board) => board.pass(lane, dueMs).kind).sort()).toEqual(['open', 'open', 'probe']);
  });

  it('learn that a lane is well again', async () => {
    const { store, board } = await opened();
    const other = new HealthBoard(store);
    await other.refresh(startMs + 100);
    const dueMs = startMs + 5_000;
    board.prepare([lane], dueMs);
    await settled(board, dueMs);
    expect(board.pass(lane, dueMs).kind).toBe('probe');
    board.report(lane, answered, dueMs);
    await board.flush(dueMs);
    await other.refresh(dueMs + 2_500);
    expect(other.pass(lane, dueMs + 2_500).kind).toBe('closed');
  });

  it('share how fast a lane is', async () => {
    const store = new SharedMemory();
    const board = new HealthBoard(store);
    board.measured(lane, { firstContentMs: 300, tokensPerSecond: 50, durationMs: 4_000 }, startMs);
    await board.flush(startMs);
    const other = new HealthBoard(store);
    await other.refresh(startMs);
    expect(other.speed(lane, startMs)).toMatchObject({ firstContentMs: 300, tokensPerSecond: 50 });
  });

  it('are asked at most every few seconds', async () => {
    const store = new SharedMemory();
    const board = new HealthBoard(store);
    for (let ms = 0; ms < 10_000; ms += 10) {
      board.prepare([lane], startMs + ms);
      if (ms % 100 === 0) await Promise.resolve();
    }
    expect(store.reads).toBeLessThanOrEqual(4);
  });
});
