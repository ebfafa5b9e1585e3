import { createHmac } from 'node:crypto';
import type { AwsCredentials } from '../../shared/aws/credentials.ts';
import { awsSignature } from '../../shared/aws/signature.ts';
import { alertId, alertSentence, type BudgetAlert, renderAlert } from '../../shared/telemetry/budget-alerts.ts';
import { describeError, type Log } from '../../shared/telemetry/log.ts';

/** A way to tell an alert to somebody. @throws whatever goes wrong; the alert is then told again later. */
export type AlertChannel = (alert: BudgetAlert, nowMs: number) => Promise<void>;

/** A channel and its name, by which an alert that could not be told everywhere is remembered to have been told there. */
export interface NamedChannel {
  readonly name: string;
  readonly tell: AlertChannel;
}

/** What delivering needs of the world. */
export interface DeliveryPorts {
  readonly alerts: {
    open(): Promise<BudgetAlert[]>;
    take(alert: BudgetAlert, nowMs: number): Promise<boolean>;
    delivered(alert: BudgetAlert, nowMs: number): Promise<void>;
    wasTold(alert: BudgetAlert, channel: string): Promise<boolean>;
    told(alert: BudgetAlert, channel: string, nowMs: number): Promise<void>;
  };
  /** As the configuration that holds now says. Asked where there is something to tell. */
  readonly channels: () => Promise<readonly NamedChannel[]>;
  readonly log: Log;
}

/** A receiver has so long. */
const deliveryMs = 5_000;

/** An alert nobody could be told of for so long is given up. */
const givenUpAfterMs = 86_400_000;

/** Delivers all alerts that wait, through every channel, and says how many it delivered. @throws StoreError */
export async function deliverAlerts({ alerts, channels, log }: DeliveryPorts, nowMs: number): Promise<number> {
  let delivered = 0;
  const open = await alerts.open();
  const ways = open.length === 0 ? [] : await channels();
  for (const alert of open) {
    if (!(await alerts.take(alert, nowMs))) continue;
    // Who was told already is not told again because somebody else could not be.
    const told = await Promise.allSettled(
      ways.map(async ({ name, tell }) => {
        if (await alerts.wasTold(alert, name)) return;
        await tell(alert, nowMs);
        await alerts.told(alert, name, nowMs);
      }),
    );
    const failed = told.find((result) => result.status === 'rejected');
    if (failed !== undefined) log.write('error', 'budget alert not delivered', { alert: alertId(alert), ...describeError(failed.reason) });
    if (failed !== undefined && nowMs - alert.atMs < givenUpAfterMs) continue;
    await alerts.delivered(alert, nowMs);
    log.write('warn', 'budget alert', renderAlert(alert));
    delivered += 1;
  }
  return delivered;
}

/** Posts to a webhook, signed as Standard Webhooks are (https://www.standardwebhooks.com): HMAC-SHA256 over id, time and body. */
export function webhookChannel(url: string, secret: () => Promise<string | undefined>): AlertChannel {
  return async (alert, nowMs) => {
    const key = await secret();
    if (key === undefined) throw new Error('the secret of the alert webhook is not set');
    const body = JSON.stringify(renderAlert(alert));
    const id = `msg_${createHmac('sha256', 'id').update(alertId(alert)).digest('hex').slice(0, 24)}`;
    const timestamp = String(Math.floor(nowMs / 1000));
    const signature = createHmac('sha256', keyBytes(key)).update(`${id}.${timestamp}.${body}`).digest('base64');
    const signed = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
    await post(url, body, { whom: 'the alert webhook', headers: signed });
  };
}

/**
 * Writes into a channel of Slack by an incoming webhook (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks),
 * or of whatever else takes the same body. The address is the permission to write there, and so a secret.
 */
export function chatChannel(address: () => Promise<string | undefined>): AlertChannel {
  return async (alert) => {
    const url = await address();
    if (url === undefined) throw new Error('the address of the chat is not set');
    if (!URL.canParse(url)) throw new Error('the address of the chat is no URL');
    await post(url, JSON.stringify({ text: plainText(alertSentence(alert)) }), { whom: 'the chat' });
  };
}

/** Posts JSON, and takes no other answer than that all is well. */
async function post(
  url: string,
  body: string,
  { whom, headers = {} }: { readonly whom: string; readonly headers?: Readonly<Record<string, string>> },
): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
    redirect: 'error',
    signal: AbortSignal.timeout(deliveryMs),
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`${whom} answered ${response.status}`);
}

/** Callers name end users and tags, and none of their names may mention people (https://docs.slack.dev/messaging/formatting-message-text#escaping). */
function plainText(sentence: string): string {
  return sentence.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A secret as the specification writes it, `whsec_` and base64; any other text is taken as it is. */
function keyBytes(secret: string): Buffer {
  return secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret);
}

/** Publishes to an SNS topic (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html); one call, so without its SDK. */
export function topicChannel(topicArn: string, credentials: AwsCredentials): AlertChannel {
  return async (alert, nowMs) => {
    const [, partition, , region = ''] = topicArn.split(':');
    const suffix = partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
    const url = new URL(`https://sns.${region}.${suffix}/`);
    const message = `${alertSentence(alert)}\n\n${JSON.stringify(renderAlert(alert), null, 2)}`;
    const subject = `Sluice budget at ${alert.threshold} %`;
    const body = new URLSearchParams({
      Action: 'Publish',
      Version: '2010-03-31',
      TopicArn: topicArn,
      Subject: subject,
      Message: message,
    }).toString();
    const { host: _host, ...headers } = awsSignature({ url, method: 'POST', body, region, service: 'sns', atMs: nowMs }, credentials);
    const response = await fetch(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
      body,
      signal: AbortSignal.timeout(deliveryMs),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`SNS answered ${response.status}`);
  };
}
