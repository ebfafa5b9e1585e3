import {
  DynamoDBClient,
  GetItemCommand,
  type GetItemCommandInput,
  ProvisionedThroughputExceededException,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DynamoOverTransport } from '../../shared/store/dynamo-operations.ts';
import { SdkTransport } from '../../shared/store/dynamo-sdk.ts';
import { DynamoLedger } from '../../shared/store/ledger-store.ts';
import { admittedOf, askFor, RememberingRecorder, refusedOf, scopeWith } from '../support/ledger-fixtures.ts';
import { startDynalite, type TestDynamoDb } from '../support/ledger-servers.ts';

const noon = Date.UTC(2026, 10, 18, 12);
const limits = { budgets: [{ amount_usd: 2e-6, period: 'day' as const }], requests_per_minute: 60 };
const lost = Object.assign(new Error('socket hang up'), { name: 'TimeoutError' });
const throttled = new ProvisionedThroughputExceededException({ message: 'slow down', $metadata: { httpStatusCode: 400 } });

describe('the ledger over an AWS SDK that throttles, times out and loses replies', () => {
  let server: TestDynamoDb;
  let real: DynamoDBClient;
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const client = new DynamoDBClient({ region: 'us-east-1', credentials, maxAttempts: 1 });
  const mock = mockClient(client);
  const db = new DynamoOverTransport(new SdkTransport({ region: 'us-east-1' }, client), {
    deadlineMs: 3_000,
    attemptMs: 1_000,
    attempts: 6,
  });
  const ledger = new DynamoLedger({ db, table: 'sluice-ledger', recorder: new RememberingRecorder(), deadlineMs: 5_000 });
  let writes = 0;

  beforeAll(async () => {
    server = await startDynalite();
    real = new DynamoDBClient({ region: 'us-east-1', endpoint: server.endpoint, credentials });
  });
  afterAll(async () => {
    real.destroy();
    await server.close();
  });
  beforeEach(() => {
    mock.reset();
    writes = 0;
    mock.on(GetItemCommand).callsFake((input: GetItemCommandInput) => real.send(new GetItemCommand(input)));
  });

  /** The store writes each time; what the client sees of it is up to `seen`, told how many writes there were. */
  function answering(seen: (write: number) => Error | undefined, before: (write: number) => Error | undefined = () => undefined): void {
    mock.on(UpdateItemCommand).callsFake(async (input: UpdateItemCommandInput) => {
      writes += 1;
      const refused = before(writes);
      if (refused) throw refused;
      const failure = seen(writes);
      const answer = real.send(new UpdateItemCommand(input));
      if (failure === undefined) return await answer;
      await answer.catch(() => undefined);
      throw failure;
    });
  }

  it('holds and settles once though every other reply is lost', async () => {
    answering((write) => (write % 2 === 1 ? lost : undefined));
    const scope = scopeWith('lost', limits);
    const first = admittedOf(await ledger.admit(askFor([scope], { amountNanoUsd: 1_500, nowMs: noon })));
    expect((await ledger.read([scope], noon))[0]).toMatchObject({ budgets: [{ heldNanoUsd: 1_500 }, {}], requests: { remaining: 59 } });
    expect(refusedOf(await ledger.admit(askFor([scope], { amountNanoUsd: 1_500, nowMs: noon }))).reason).toBe('contention');
    expect(await ledger.settle(first, { actualNanoUsd: 700, actualTokens: 1, nowMs: noon })).toEqual({ alreadySettled: [], failed: [] });
    expect((await ledger.read([scope], noon))[0]).toMatchObject({ budgets: [{ spentNanoUsd: 700, heldNanoUsd: 0 }, {}] });
    expect(writes).toBeGreaterThan(3);
  });

  it('gets through throttles and timeouts that took no effect', async () => {
    answering(
      () => undefined,
      (write) => [throttled, lost, undefined][(write - 1) % 3],
    );
    const scope = scopeWith('throttled', limits);
    const call = admittedOf(await ledger.admit(askFor([scope], { amountNanoUsd: 1_000, nowMs: noon })));
    await ledger.settle(call, { actualNanoUsd: 1_000, actualTokens: 1, nowMs: noon });
    expect((await ledger.read([scope], noon))[0]).toMatchObject({ budgets: [{ spentNanoUsd: 1_000, heldNanoUsd: 0 }, {}] });
    expect(writes).toBeGreaterThanOrEqual(6);
  });

  it('fails closed when nothing gets through, and has taken nothing in the end', async () => {
    const scope = scopeWith('closed', limits);
    answering(() => lost);
    await expect(ledger.admit(askFor([scope], { amountNanoUsd: 1_000, nowMs: noon }))).rejects.toMatchObject({
      code: 'store_unavailable',
      status: 503,
    });
    answering(() => undefined);
    await ledger.drained();
    expect((await ledger.read([scope], noon))[0]).toMatchObject({ budgets: [{ spentNanoUsd: 0, heldNanoUsd: 0 }, {}] });
  });
});
