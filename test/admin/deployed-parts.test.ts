import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { wireConfig } from '../../functions/admin/wire-config.ts';
import { readEnvironment } from '../../shared/config/environment.ts';
import { DynamoControlStore } from '../../shared/store/control-store-dynamo.ts';
import { ControlTable } from '../../shared/store/control-table.ts';
import { connectDynamoDb } from '../../shared/store/dynamo-connect.ts';
import { payloadStore } from '../../shared/store/record-connect.ts';
import { createLog } from '../../shared/telemetry/log.ts';

const credentials = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' };

async function deployedWith(place: Readonly<Record<string, string>>) {
  const environment = readEnvironment({ ...credentials, ...place });
  // Nothing is asked of it.
  const db = await connectDynamoDb({ region: 'us-east-1', endpoint: 'http://127.0.0.1:9' });
  const store = new DynamoControlStore(new ControlTable(db, 'sluice-control'));
  const log = createLog('error', Date.now);
  const payloads = await payloadStore(environment);
  return wireConfig(environment, db, { store, clock: Date.now, randomBytes, log, payloads }).deployed;
}

describe('what a deployment has', () => {
  it.each([
    ['a bucket', { SLUICE_PAYLOAD_BUCKET: 'payloads' }],
    ['a log group', { SLUICE_PAYLOAD_LOG_GROUP: '/sluice/payloads' }],
    ['a folder', { SLUICE_PAYLOAD_FOLDER: '/nowhere' }],
  ])('is a place for prompts and answers where it is told %s', async (_place, settings) => {
    expect(await deployedWith(settings)).toMatchObject({ keepsPayloads: true });
  });

  it('is none where it is told none', async () => {
    expect(await deployedWith({})).toMatchObject({ keepsPayloads: false });
  });
});
