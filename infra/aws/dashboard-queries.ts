import { type ILogGroup, QueryDefinition, QueryString } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';

/** One line per call: `message = 'call'`. Costs are in nano-USD. */
const calls = "message = 'call'";

const usd = 'sum(cost_nano_usd) / 1000000000 as usd';

/** Questions people ask of the log, kept in Logs Insights. */
const savedQueries: Readonly<
  Record<string, { readonly filter: string; readonly fields?: string[]; readonly stats?: string; readonly sort?: string }>
> = {
  'calls of a key': {
    filter: `${calls} and key = 'key_…'`,
    fields: [
      '@timestamp',
      'request_id',
      'ending',
      'status',
      'error',
      'requested_model',
      'served_by',
      'cost_nano_usd / 1000000000 as usd',
      'duration_ms',
    ],
    sort: '@timestamp desc',
  },
  'cost by team and model': { filter: calls, stats: `count(*) as calls, ${usd} by team, served_by`, sort: 'usd desc' },
  'cost by key': { filter: calls, stats: `count(*) as calls, ${usd} by key, team`, sort: 'usd desc' },
  'errors by provider': {
    filter: `${calls} and ending = 'failed'`,
    stats: 'count(*) as calls by served_by, attempts.0.target, error',
    sort: 'calls desc',
  },
  refusals: { filter: `${calls} and ending = 'refused'`, stats: 'count(*) as calls by error, refused_by.scope, key', sort: 'calls desc' },
  'slowest calls': {
    filter: calls,
    fields: ['@timestamp', 'request_id', 'served_by', 'duration_ms', 'first_token_ms', 'overhead_ms', 'usage.outputTokens'],
    sort: 'duration_ms desc',
  },
  'steps of a session': {
    filter: `${calls} and session = '…'`,
    fields: [
      '@timestamp',
      'request_id',
      'served_by',
      'finish_reason',
      'usage.inputTokens',
      'usage.outputTokens',
      'cost_nano_usd',
      'duration_ms',
    ],
    sort: '@timestamp asc',
  },
  'what the store did not take': {
    filter: "message = 'call' and (ispresent(not_recorded) or ispresent(unsettled))",
    fields: ['@timestamp', '@message'],
  },
};

/** Keeps the saved queries, under the stack's name. */
export function saveQueries(scope: Construct, folder: string, logGroup: ILogGroup): void {
  for (const [name, { filter, fields, stats, sort }] of Object.entries(savedQueries)) {
    new QueryDefinition(scope, `Query ${name}`, {
      queryDefinitionName: `${folder}/${name}`,
      logGroups: [logGroup],
      queryString: new QueryString({
        filterStatements: [filter],
        ...(fields && { fields }),
        ...(stats !== undefined && { statsStatements: [stats] }),
        ...(sort !== undefined && { sort }),
        limit: 100,
      }),
    });
  }
}
