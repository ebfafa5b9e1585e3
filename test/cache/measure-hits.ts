import { hrtime } from 'node:process';
import { DynamoAnswers } from '../../shared/store/cache-answers.ts';
import { startGateway } from '../support/gateway.ts';
import { connect } from '../support/ledger-fixtures.ts';
import { emulators } from '../support/ledger-servers.ts';
import { answerJson, configFor, startUpstream } from '../support/upstream.ts';

/**
 * Measures a cache hit against the store's round trip alone, in one run, and what answers of several sizes take up.
 * `node test/cache/measure-hits.ts`
 */
const rounds = 400;
const words = 'The gateway answers a call from what it has stored, where that is allowed, and otherwise from a provider. ';

function quantiles(timesMs: readonly number[]): string {
  const sorted = timesMs.toSorted((one, other) => one - other);
  const at = (share: number) => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}

async function timed(run: (round: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const begun = hrtime.bigint();
    await run(round);
    times.push(Number(hrtime.bigint() - begun) / 1e6);
  }
  return times.slice(rounds / 4);
}

for (const emulator of emulators) {
  const [database, upstream] = await Promise.all([emulator.start(), startUpstream()]);
  const gateway = await startGateway({
    config: configFor(upstream, { models: { kept: { targets: ['up/m'], cache: { ttl_seconds: 3600 } } } }),
    environment: { UP_KEY: 'x', DYNAMODB_ENDPOINT: database.endpoint, SLUICE_LOG: '0' },
  });
  const db = await connect(database.endpoint);
  const answers = new DynamoAnswers({ db, table: 'sluice-cache' });
  for (const size of [1_000, 8_000, 64_000]) {
    const content = words.repeat(Math.ceil(size / words.length)).slice(0, size - 250);
    const body = {
      id: 'c',
      object: 'chat.completion',
      created: 1,
      model: 'm',
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
    };
    upstream.behave(answerJson(200, body));
    const ask = async (model: string, stream = false) => {
      const response = await fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${gateway.key}` },
        body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: `of ${size}` }] }),
      });
      await response.text();
      return response.headers;
    };
    const key = (await ask('kept')).get('x-sluice-cache-key') ?? '';
    while ((await ask('kept')).get('x-sluice-cache') !== 'hit') await new Promise((resolve) => setTimeout(resolve, 20));
    const store = await timed(() => answers.find(key, false));
    const hit = await timed(() => ask('kept'));
    const stream = await timed(() => ask('kept', true));
    const miss = await timed(() => ask('up/m'));
    console.log(
      `${emulator.name} ${size} bytes: store alone ${quantiles(store)}; hit ${quantiles(hit)}; streamed hit ${quantiles(stream)}; no cache, upstream at once ${quantiles(miss)}`,
    );
  }
  db.close();
  await gateway.close();
  await upstream.close();
  await database.close();
}
