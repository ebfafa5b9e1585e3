import { DynamoOverTransport } from '../../shared/store/dynamo-operations.ts';
import { SignedTransport } from '../../shared/store/dynamo-signed.ts';
import type { DynamoTransport } from '../../shared/store/dynamo-transport.ts';
import { DynamoLedger } from '../../shared/store/ledger-store.ts';
import { RememberingRecorder, scopeWith } from './ledger-fixtures.ts';
import { actualOf, type LedgerJob, type LedgerReport } from './ledger-job.ts';

function report(message: LedgerReport): Promise<void> {
  return new Promise((resolve, reject) => process.send?.(message, undefined, undefined, (error) => (error ? reject(error) : resolve())));
}

/** This machine may be busy with other tests. */
const patience = { deadlineMs: 40_000, attemptMs: 20_000, attempts: 20 };

async function transportOf(job: LedgerJob): Promise<DynamoTransport> {
  const connection = { region: 'us-east-1', endpoint: job.endpoint, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
  if (!job.sdk) return new SignedTransport({ ...connection, credentials: () => connection.credentials });
  const [{ SdkTransport }, { DynamoDBClient }] = await Promise.all([
    import('../../shared/store/dynamo-sdk.ts'),
    import('@aws-sdk/client-dynamodb'),
  ]);
  return new SdkTransport(connection, new DynamoDBClient({ ...connection, maxAttempts: 3 }));
}

async function ledgerOf(job: LedgerJob): Promise<DynamoLedger> {
  const db = new DynamoOverTransport(await transportOf(job), patience);
  return new DynamoLedger({ db, table: 'sluice-ledger', recorder: new RememberingRecorder(), deadlineMs: patience.deadlineMs });
}

async function run(job: LedgerJob): Promise<void> {
  const ledger = await ledgerOf(job);
  const scopes = job.scopes.map(({ id, limits }) => scopeWith(id, limits));
  const now = () => job.nowMs ?? Date.now() + (job.skewMs ?? 0);
  let next = 0;
  const lane = async () => {
    while (next < job.calls) {
      const requestId = `w${job.worker}-${next}`;
      next += 1;
      await call(requestId);
    }
  };
  const call = async (requestId: string) => {
    const nowMs = now();
    const { amountNanoUsd, tokens } = job;
    const outcome = await ledger.admit({ requestId, scopes, amountNanoUsd, tokens, nowMs, expiresAtMs: nowMs + 60_000 });
    if (outcome.outcome === 'refused') return report({ kind: 'refused', limit: outcome.limit, reason: outcome.reason });
    await report({ kind: 'admitted', requestId });
    if (!job.settle) return;
    if (job.pauseMs) await new Promise((resolve) => setTimeout(resolve, Math.random() * (job.pauseMs ?? 0)));
    const actualNanoUsd = job.spendAll ? amountNanoUsd : actualOf(requestId, amountNanoUsd);
    const settled = await ledger.settle(outcome, { actualNanoUsd, actualTokens: 0, nowMs: now() });
    if (settled.failed.length > 0) await ledger.drained();
    await report({ kind: 'settled', requestId, actualNanoUsd });
  };
  await Promise.all(Array.from({ length: job.concurrency }, lane));
  await report({ kind: 'done' });
}

process.once('message', (job: LedgerJob) => {
  run(job)
    .catch((error: unknown) => report({ kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }))
    .finally(() => process.disconnect());
});
