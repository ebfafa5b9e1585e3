import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { LambdaHandler, LocalContext } from '../../infra/local/invoke.ts';
import { startSchedule } from '../../infra/local/schedule.ts';

function schedule(handler: LambdaHandler, everyMs = 10) {
  const failures: unknown[] = [];
  const stop = startSchedule({ functionName: 'sweeper', handler, everyMs, onFunctionError: (_name, thrown) => failures.push(thrown) });
  return { failures, stop };
}

it('invokes with a scheduled event, again and again', async () => {
  const events: unknown[] = [];
  const third = Promise.withResolvers<void>();
  const { stop } = schedule(async (event: unknown, context: LocalContext) => {
    events.push({ event, name: context.functionName });
    if (events.length === 3) third.resolve();
  });
  await third.promise;
  await stop();
  expect(events[0]).toMatchObject({ event: { source: 'aws.events', 'detail-type': 'Scheduled Event' }, name: 'sweeper' });
});

it('never runs two at once, and stopping waits for the one that runs', async () => {
  let running = 0;
  let most = 0;
  let ended = 0;
  const begun = Promise.withResolvers<void>();
  const { stop } = schedule(async () => {
    running += 1;
    most = Math.max(most, running);
    begun.resolve();
    await delay(60);
    running -= 1;
    ended += 1;
  });
  await begun.promise;
  await stop();
  expect(most).toBe(1);
  expect(ended).toBe(1);
  await delay(30);
  expect(ended).toBe(1);
});

it('goes on after a failure, which it reports', async () => {
  let calls = 0;
  const second = Promise.withResolvers<void>();
  const { stop, failures } = schedule(() => {
    calls += 1;
    if (calls === 2) second.resolve();
    throw new Error(`failure ${calls}`);
  });
  await second.promise;
  await stop();
  expect(failures.slice(0, 2)).toMatchObject([{ message: 'failure 1' }, { message: 'failure 2' }]);
});
