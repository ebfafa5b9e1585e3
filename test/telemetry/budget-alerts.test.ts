import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { chatChannel, deliverAlerts, webhookChannel } from '../../functions/sweeper/deliver-alerts.ts';
import { handler as sweep } from '../../functions/sweeper/handler.ts';
import type { DynamoDb } from '../../shared/store/dynamo-client.ts';
import { connectDynamoDb } from '../../shared/store/dynamo-connect.ts';
import { StoredAlerts } from '../../shared/store/record-alerts.ts';
import { alertSentence, alertsDue, type BudgetAlert } from '../../shared/telemetry/budget-alerts.ts';
import { describeError } from '../../shared/telemetry/log.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { startDynalite, type TestDynamoDb } from '../support/ledger-servers.ts';
import { answerJson, startUpstream, type TestUpstream } from '../support/upstream.ts';

let server: TestDynamoDb;
let db: DynamoDb;
let receiver: TestUpstream;
let gateway: TestGateway;
let alerts: StoredAlerts;

beforeAll(async () => {
  server = await startDynalite();
  db = await connectDynamoDb({ region: 'us-east-1', endpoint: server.endpoint });
  alerts = new StoredAlerts(db, 'sluice-records');
  receiver = await startUpstream(answerJson(200, {}));
  gateway = await startGateway({ environment: { DYNAMODB_ENDPOINT: server.endpoint } });
});
afterAll(async () => {
  await gateway.close();
  await receiver.close();
  db.close();
  await server.close();
});

const quiet = { write: () => undefined };
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

function deliver(nowMs = Date.now()): Promise<number> {
  return deliverAlerts(
    { alerts, channels: async () => [{ name: 'webhook', tell: webhookChannel(receiver.url, async () => secret) }], log: quiet },
    nowMs,
  );
}

async function call(key: string, tokens: number, user?: string): Promise<number> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: `echo/ok?tokens=${tokens}&input_tokens=0`,
      max_tokens: tokens,
      messages: [{ role: 'user', content: 'a' }],
      user,
    }),
  });
  const id = response.headers.get('x-sluice-request-id');
  await response.text();
  await gateway.logged((line) => line.message === 'call' && line.request_id === id);
  return response.status;
}

async function noted(count: number): Promise<void> {
  for (let waited = 0; (await alerts.open()).length < count && waited < 40; waited += 1)
    await new Promise((resolve) => setTimeout(resolve, 25));
}

describe('a budget', () => {
  it('is told of at each threshold, once a period, signed', async () => {
    const { id, key } = await gateway.createKey({ name: 'watched', limits: { budgets: [{ amount_usd: 0.01, period: 'month' }] } });
    // A token costs 2,000 nano-USD: 2,600 tokens are 52 % of it.
    expect(await call(key, 2_400)).toBe(200);
    expect(await call(key, 200)).toBe(200);
    await noted(1);
    expect(await deliver()).toBe(1);
    expect(await call(key, 1_500)).toBe(200);
    expect(await call(key, 5_000)).toBe(200);
    expect(await call(key, 5_000)).toBe(402);
    await noted(2);
    expect(await deliver()).toBe(2);
    expect(await deliver()).toBe(0);

    const told = receiver.received.map(({ body }) => JSON.parse(body));
    expect(told.map(({ threshold_percent }) => threshold_percent).sort()).toEqual([100, 50, 80]);
    for (const alert of told) {
      expect(alert).toMatchObject({ type: 'budget.threshold', scope: `key#${id}`, period: 'month', limit_usd: 0.01 });
      expect(Date.parse(alert.resets_at)).toBeGreaterThan(Date.now());
    }
    for (const { headers, body } of receiver.received) {
      const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
      const expected = createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
        .update(signed)
        .digest('base64');
      expect(headers['webhook-signature']).toBe(`v1,${expected}`);
    }
  });

  it('is told apart for end users of the same name, at every threshold alike', async () => {
    const limits = { budgets: [{ amount_usd: 0.01, period: 'month' }] };
    expect((await gateway.admin('PUT', '/admin/users/alice', { limits })).status).toBe(200);
    const teams = ['north', 'south'];
    for (const team of teams) {
      const { key } = await gateway.createKey({ name: team, team });
      expect(await call(key, 4_500, 'alice')).toBe(200);
      // It is lowered to what is left.
      expect(await call(key, 5_000, 'alice')).toBe(200);
      expect(await call(key, 5_000, 'alice')).toBe(402);
    }
    await noted(6);
    const told = (await alerts.open()).map(({ scope, threshold }) => `${scope} ${threshold}`).sort();
    expect(told).toEqual(teams.flatMap((team) => [100, 50, 80].map((threshold) => `end_user#team:${team}:alice ${threshold}`)));
    expect(await deliver()).toBe(6);
  });

  const alert: BudgetAlert = { scope: 'team#t', period: 'total', threshold: 50, limitNanoUsd: 100, spentNanoUsd: 50, atMs: Date.now() };

  it('is told of again when the receiver failed, by one of two that try at once, and not after that', async () => {
    const before = receiver.received.length;
    await alerts.note(alert);
    receiver.behave(answerJson(500, {}));
    expect(await deliver(alert.atMs)).toBe(0);
    // Whoever took it may still be at it.
    expect(await deliver(alert.atMs + 60_000)).toBe(0);
    expect(receiver.received.length - before).toBe(1);
    receiver.behave(answerJson(204, {}));
    const both = await Promise.all([deliver(alert.atMs + 180_000), deliver(alert.atMs + 180_000)]);
    expect(both.sort()).toEqual([0, 1]);
    await alerts.note(alert);
    expect(await deliver(alert.atMs + 400_000)).toBe(0);
    expect(await alerts.open()).toEqual([]);
    expect(receiver.received.length - before).toBe(2);
  });

  it('is told of by each way once, while another fails', async () => {
    const counts = { good: 0, bad: 0 };
    const channels = async () => [
      {
        name: 'good',
        tell: async () => {
          counts.good += 1;
        },
      },
      {
        name: 'bad',
        tell: async () => {
          counts.bad += 1;
          if (counts.bad < 3) throw new Error('not now');
        },
      },
    ];
    const both = { ...alert, scope: 'team#both' };
    await alerts.note(both);
    const delivered: number[] = [];
    for (let turn = 0; turn < 4; turn += 1)
      delivered.push(await deliverAlerts({ alerts, channels, log: quiet }, both.atMs + turn * 180_000));
    expect(delivered).toEqual([0, 0, 1, 0]);
    expect(counts).toEqual({ good: 1, bad: 3 });
  });

  it('is told of where the live configuration says, without a deployment', async () => {
    vi.stubEnv('DYNAMODB_ENDPOINT', server.endpoint);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
    vi.stubEnv('ALERT_SECRET', secret);
    const other = await startUpstream(answerJson(200, {}));
    const round = async (): Promise<number> => (await sweep()).alerts;
    const configured = (url: string): object => ({ alerts: { webhook: { url, secret: 'env:ALERT_SECRET' } } });
    try {
      expect((await gateway.admin('PUT', '/admin/config', configured(receiver.url))).status).toBe(200);
      const before = receiver.received.length;
      await alerts.note({ ...alert, scope: 'team#live' });
      expect(await round()).toBe(1);
      expect(receiver.received.length - before).toBe(1);

      expect(await gateway.admin('PUT', '/admin/config', configured(other.url))).toMatchObject({ status: 200 });
      // A sweeper comes once a minute, and looks at most every few seconds.
      vi.setSystemTime(Date.now() + 60_000);
      await alerts.note({ ...alert, scope: 'team#moved' });
      expect(await round()).toBe(1);
      expect(receiver.received.length - before).toBe(1);
      expect(JSON.parse(other.received[0]?.body ?? '{}')).toMatchObject({ scope: 'team#moved' });
    } finally {
      vi.useRealTimers();
      vi.unstubAllEnvs();
      await other.close();
    }
  });

  it('is told of in a chat, in a sentence in which no name can mention anybody', async () => {
    receiver.behave(answerJson(200, {}));
    const before = receiver.received.length;
    await chatChannel(async () => receiver.url)({ ...alert, scope: 'end_user#team:t:<!channel> & co' }, 0);
    const [post] = receiver.received.slice(before);
    expect(post?.headers['content-type']).toBe('application/json');
    expect(JSON.parse(post?.body ?? '')).toEqual({
      text: 'Sluice: the total budget of end user "team:t:&lt;!channel&gt; &amp; co" has reached 50 %. $0.00 of $0.00 is spent.',
    });
  });

  it('is told of again where the chat does not take it, and nobody reads the address in the log', async () => {
    const tell = (url: string | undefined) => chatChannel(async () => url)(alert, 0).catch((error: unknown) => error);
    receiver.behave(answerJson(404, {}));
    expect(await tell(receiver.url)).toMatchObject({ message: 'the chat answered 404' });
    expect(await tell(undefined)).toMatchObject({ message: 'the address of the chat is not set' });
    expect(String(await tell('hooks.example.com/secret-part'))).not.toContain('secret-part');
    expect(JSON.stringify(describeError(await tell('http://127.0.0.1:1/secret-part')))).not.toContain('secret-part');
  });

  it('is told of in the chat that the configuration names', async () => {
    vi.stubEnv('DYNAMODB_ENDPOINT', server.endpoint);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
    vi.stubEnv('CHAT_URL', receiver.url);
    receiver.behave(answerJson(200, {}));
    try {
      expect((await gateway.admin('PUT', '/admin/config', { alerts: { slack: { url: 'env:CHAT_URL' } } })).status).toBe(200);
      vi.setSystemTime(Date.now() + 120_000);
      const before = receiver.received.length;
      await alerts.note({ ...alert, scope: 'team#chatting' });
      expect((await sweep()).alerts).toBe(1);
      expect(JSON.parse(receiver.received[before]?.body ?? '{}').text).toContain('team "chatting"');
    } finally {
      vi.useRealTimers();
      vi.unstubAllEnvs();
    }
  });

  it('has the alerts due that its spending has reached, exactly', () => {
    const budget = { scope: 'team#t', period: 'day', resetsAtMs: 5, limitNanoUsd: 1_000, exhausted: false };
    const due = (spentNanoUsd: number, exhausted = false) =>
      alertsDue({ ...budget, spentNanoUsd, exhausted }, [50, 80, 100], 1).map(({ threshold }) => threshold);
    expect(due(499)).toEqual([]);
    expect(due(500)).toEqual([50]);
    expect(due(800)).toEqual([50, 80]);
    expect(due(1_000)).toEqual([50, 80, 100]);
    expect(due(10, true)).toEqual([100]);
    expect(due(600, true)).toEqual([50, 100]);
    expect(alertsDue({ ...budget, limitNanoUsd: 0, spentNanoUsd: 0 }, [50], 1)).toEqual([]);
  });

  it('is described in a sentence', () => {
    expect(alertSentence({ ...alert, limitNanoUsd: 5e9, spentNanoUsd: 4.1e9, threshold: 80, period: 'month' })).toBe(
      `Sluice: the month's budget of team "t" has reached 80 %. $4.10 of $5.00 is spent.`,
    );
    expect(alertSentence({ ...alert, limitNanoUsd: 5e9, spentNanoUsd: 4.1e9, threshold: 100, period: 'day' })).toBe(
      `Sluice: the day's budget of team "t" has too little left for a call, which was refused. $4.10 of $5.00 is spent.`,
    );
    expect(alertSentence({ ...alert, limitNanoUsd: 5e9, spentNanoUsd: 5e9, threshold: 100, period: 'total' })).toBe(
      `Sluice: the total budget of team "t" is used up: calls are being refused. $5.00 of $5.00 is spent.`,
    );
  });
});
