import { expect, it } from 'vitest';
import { startGateway } from '../support/gateway.ts';
import { answerJson, configFor, startUpstream } from '../support/upstream.ts';

it('a breaker that opens is told of once in the log, and counted by provider and model', async () => {
  const upstream = await startUpstream(answerJson(500, { error: { message: 'broken' } }));
  const gateway = await startGateway({
    config: configFor(upstream, { defaults: { retries: 0 } }),
    environment: { UP_KEY: 'sk-up-0123456789' },
  });
  try {
    const call = () =>
      fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'up/m', messages: [{ role: 'user', content: 'hello' }] }),
      }).then((response) => response.text());
    for (let index = 0; index < 12; index += 1) await call();
    const line = await gateway.logged(({ message }) => message === 'breaker opened');
    expect(line).toMatchObject({ level: 'warn', provider: 'up', model: 'm', lane: 'up/m', reason: 'errors', failed_probes: 0 });
    expect(gateway.logLines.filter((text) => text.includes('"breaker opened"'))).toHaveLength(1);
    const { body } = await gateway.admin('GET', '/admin/metrics?metric=sluice.breaker.openings');
    expect(JSON.stringify(body)).toContain('"provider":"up"');
  } finally {
    await gateway.close();
    await upstream.close();
  }
}, 60_000);
