import { createHash } from 'node:crypto';
import type { CloudWatchClient } from '@aws-sdk/client-cloudwatch';

/** Where a team's dashboard is made. */
export interface TeamDashboardOptions {
  /** The log group of the gateway function. */
  readonly logGroup: string;
  readonly region: string;
  readonly client?: () => Promise<CloudWatchClient>;
}

/** Every dashboard made at run time bears this prefix; the function may touch no other. */
const prefix = 'sluice-team-';

/** Makes dashboards in CloudWatch for single teams: log queries, since no metric has a team. */
export class TeamDashboards {
  readonly #options: TeamDashboardOptions;

  constructor(options: TeamDashboardOptions) {
    this.#options = options;
  }

  /** Makes or renews the dashboard of a team, and says where it is. @throws the SDK's error. */
  async put(team: string): Promise<{ readonly name: string; readonly url: string }> {
    const { logGroup, region, client } = this.#options;
    const { CloudWatchClient: Client, PutDashboardCommand } = await import('@aws-sdk/client-cloudwatch');
    // CloudWatch takes letters, digits, - and _ only.
    const plain = team.replace(/[^A-Za-z0-9_-]/g, '_');
    // Two teams must not share a dashboard because their names differ in what is left out.
    const name = plain === team ? prefix + team : `${prefix}${plain}-${createHash('sha256').update(team).digest('hex').slice(0, 8)}`;
    const body = JSON.stringify(teamDashboard(team, { logGroup, region }));
    const cloudWatch = client === undefined ? new Client({}) : await client();
    await cloudWatch.send(new PutDashboardCommand({ DashboardName: name, DashboardBody: body }));
    return { name, url: `https://${region}.console.aws.amazon.com/cloudwatch/home?region=${region}#dashboards:name=${name}` };
  }
}

interface Widget {
  readonly title: string;
  readonly query: string;
  readonly view: 'timeSeries' | 'table' | 'bar';
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html */
export function teamDashboard(team: string, { logGroup, region }: { readonly logGroup: string; readonly region: string }) {
  const calls = `SOURCE '${logGroup}' | filter message = 'call' and team = ${JSON.stringify(team)}`;
  const widgets: readonly Widget[] = [
    { title: 'Cost by the hour (USD)', view: 'timeSeries', query: `${calls} | stats sum(cost_nano_usd) / 1000000000 as cost by bin(1h)` },
    { title: 'Calls by ending', view: 'timeSeries', query: `${calls} | stats count(*) by bin(1h), ending` },
    {
      title: 'Models',
      view: 'table',
      query: `${calls} | stats count(*) as calls, sum(usage.inputTokens) as input, sum(usage.outputTokens) as output, sum(cost_nano_usd) / 1000000000 as usd by served_by | sort usd desc`,
    },
    {
      title: 'Keys',
      view: 'table',
      query: `${calls} | stats count(*) as calls, sum(cost_nano_usd) / 1000000000 as usd, pct(duration_ms, 95) as p95_ms by key | sort usd desc`,
    },
    {
      title: 'Latency (ms)',
      view: 'timeSeries',
      query: `${calls} | stats pct(duration_ms, 50), pct(duration_ms, 95), pct(first_token_ms, 50) by bin(1h)`,
    },
    {
      title: 'Refusals and failures',
      view: 'table',
      query: `${calls} and ending != 'answered' | stats count(*) as calls by ending, error | sort calls desc`,
    },
  ];
  return {
    widgets: widgets.map(({ title, query, view }, index) => ({
      type: 'log',
      x: (index % 2) * 12,
      y: Math.floor(index / 2) * 7,
      width: 12,
      height: 7,
      properties: { title, query, view, region },
    })),
  };
}
