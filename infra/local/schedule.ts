import { randomUUID } from 'node:crypto';
import { type LambdaHandler, localContext } from './invoke.ts';

/** What {@link startSchedule} needs. */
export interface ScheduleOptions {
  readonly functionName: string;
  readonly handler: LambdaHandler;
  readonly everyMs: number;
  readonly onFunctionError: (functionName: string, thrown: unknown) => void;
}

/**
 * Invokes a function with a scheduled event again and again, the first time after `everyMs`, never two
 * at once. Returns a function that ends this and waits for an invocation that is under way.
 */
export function startSchedule({ functionName, handler, everyMs, onFunctionError }: ScheduleOptions): () => Promise<void> {
  let running: Promise<void> | undefined;
  // A short time, so that a function has no reason to linger when this machine's gateway is to end.
  const invoke = async (): Promise<void> => {
    try {
      await Reflect.apply(handler, undefined, [scheduledEvent(), localContext(functionName, noClient, timeoutMs)]);
    } catch (thrown) {
      onFunctionError(functionName, thrown);
    }
  };
  const timer = setInterval(() => {
    running ??= invoke().finally(() => {
      running = undefined;
    });
  }, everyMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}

/** What an invocation is told it may take; nothing here ends it. */
const timeoutMs = 10_000;

/** A schedule has no client that could leave. */
const noClient = new AbortController().signal;

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event.html */
function scheduledEvent() {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: '000000000000',
    time: new Date().toISOString(),
    region: 'us-east-1',
    resources: [],
    detail: {},
  };
}
