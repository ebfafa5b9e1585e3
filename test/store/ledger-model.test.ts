import fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { DynamoDb } from '../../shared/store/dynamo-client.ts';
import { connect } from '../support/ledger-fixtures.ts';
import { LedgerPlay, ledgerLimits, ledgerStep } from '../support/ledger-play.ts';
import { startDynalite, type TestDynamoDb } from '../support/ledger-servers.ts';

describe('the ledger against its model', () => {
  let server: TestDynamoDb;
  let db: DynamoDb;
  let run = 0;

  beforeAll(async () => {
    server = await startDynalite();
    db = await connect(server.endpoint);
  });
  afterAll(async () => {
    db.close();
    await server.close();
  });

  it('decides, charges and buries as the model does, in any interleaving on several instances', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(ledgerLimits, ledgerLimits),
        fc.array(ledgerStep, { minLength: 5, maxLength: 40 }),
        async (limits, steps) => {
          run += 1;
          const play = new LedgerPlay(db, `run-${run}`, limits);
          for (const step of steps) await play.step(step);
          await play.end();
        },
      ),
      { numRuns: 150 },
    );
  });

  it('is followed where a clock that is ahead has buried what is alive by a clock that is behind', async () => {
    const play = new LedgerPlay(db, 'clocks', [
      { requests_per_minute: 7, parallel_requests: 1, budgets: [] },
      { requests_per_minute: 1, budgets: [{ amount_usd: 0, period: 'day' }] },
    ]);
    const nothing = { amount: 0, floor: 0, tokens: 0, floorTokens: 0, aliveMs: 500, repeat: false } as const;
    await play.step({ ...nothing, do: 'admit', scopes: 1, instance: 0 });
    await play.step({ do: 'wait', ms: 7_000 });
    await play.step({ ...nothing, do: 'admit', scopes: 2, amount: 300, floor: 300, instance: 0 });
    await play.step({ ...nothing, do: 'admit', scopes: 1, instance: 2 });
    await play.end();
  });
});
