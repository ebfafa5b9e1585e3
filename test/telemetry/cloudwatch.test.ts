import { CloudWatchClient, GetMetricDataCommand, PutDashboardCommand } from '@aws-sdk/client-cloudwatch';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { getMetrics } from '../../functions/admin/operations/get-metrics.ts';
import { CloudWatchMetrics } from '../../shared/telemetry/cloudwatch-metrics.ts';
import { TeamDashboards, teamDashboard } from '../../shared/telemetry/team-dashboard.ts';

const cloudWatch = mockClient(CloudWatchClient);
const client = async () => new CloudWatchClient({ region: 'eu-west-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });
const metrics = new CloudWatchMetrics(client);
const nowMs = Date.parse('2026-11-20T12:00:00Z');

beforeEach(() => cloudWatch.reset());

function ask(query: Record<string, string>) {
  const request = { params: {}, query, body: undefined, actor: 'test', address: undefined };
  return getMetrics({ metrics, clock: () => nowMs })(request);
}

describe('GET /admin/metrics in AWS', () => {
  it('reads one series of all calls by its name', async () => {
    cloudWatch.on(GetMetricDataCommand).resolves({
      MetricDataResults: [{ Id: 'series', Label: 'sluice.requests', Timestamps: [new Date(nowMs - 60_000)], Values: [17] }],
    });
    const { body } = await ask({ metric: 'sluice.requests' });
    expect(body).toMatchObject({
      period: 60,
      data: [{ metric: 'sluice.requests', stat: 'Sum', provider: null, points: [{ at: '2026-11-20T11:59:00.000Z', value: 17 }] }],
    });
    expect(cloudWatch.commandCalls(GetMetricDataCommand)[0]?.args[0].input.MetricDataQueries).toEqual([
      { Id: 'series', MetricStat: { Metric: { Namespace: 'Sluice', MetricName: 'sluice.requests' }, Period: 60, Stat: 'Sum' } },
    ]);
  });

  it('searches the series of every provider and model, page by page', async () => {
    const page = (value: number, token?: string) => ({
      MetricDataResults: [{ Id: 'series', Label: 'openai | gpt-5', Timestamps: [new Date(nowMs - value * 60_000)], Values: [value] }],
      ...(token !== undefined && { NextToken: token }),
    });
    cloudWatch.on(GetMetricDataCommand).resolvesOnce(page(2, 'more')).resolvesOnce(page(1));
    const { body } = await ask({ metric: 'gen_ai.server.request.duration', provider: 'openai' });
    expect(body).toMatchObject({ data: [{ stat: 'p95', provider: 'openai', model: 'gpt-5', points: [{ value: 2 }, { value: 1 }] }] });
    const [first, second] = cloudWatch.commandCalls(GetMetricDataCommand);
    expect(first?.args[0].input.MetricDataQueries?.[0]?.Expression).toBe(
      `SEARCH('{Sluice,provider,model} MetricName="gen_ai.server.request.duration"', 'p95', 60)`,
    );
    expect(second?.args[0].input.NextToken).toBe('more');
  });

  it.each([
    [{ metric: 'AWS/Lambda' }, /metric\.0 must be one of/],
    [{ period: '45' }, /multiple of 60/],
    [{ from: '2026-11-20T13:00:00Z' }, /from must lie before to/],
    [{ from: '2020-01-01', period: '60' }, /at most 1440 periods/],
  ])('refuses %j', async (query, message) => {
    await expect(ask(query)).rejects.toThrow(message);
    expect(cloudWatch.calls()).toHaveLength(0);
  });
});

describe("a team's dashboard", () => {
  it('is put under a name of the kind the function may write', async () => {
    cloudWatch.on(PutDashboardCommand).resolves({});
    const dashboards = new TeamDashboards({ logGroup: '/aws/lambda/gateway', region: 'eu-west-1', client });
    const made = await dashboards.put('research & more');
    expect(made.name).toMatch(/^sluice-team-research___more-[0-9a-f]{8}$/);
    expect((await dashboards.put('research')).name).toBe('sluice-team-research');
    const { DashboardName, DashboardBody } = cloudWatch.commandCalls(PutDashboardCommand)[0]?.args[0].input ?? {};
    expect(DashboardName).toBe(made.name);
    expect(JSON.parse(DashboardBody ?? '').widgets).toHaveLength(6);
  });

  it('asks for that team alone, whatever it is called', () => {
    for (const { properties } of teamDashboard(`o'"hara`, { logGroup: 'logs', region: 'eu-west-1' }).widgets) {
      expect(properties.query).toContain(`team = "o'\\"hara"`);
    }
  });
});
