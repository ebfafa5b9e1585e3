import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { errorCodes } from '../../shared/errors/codes.ts';
import { tables } from '../../shared/store/tables.ts';
import { resourcesOf, synthesise } from './synthesise.ts';

let template: Template;

beforeAll(() => {
  ({ template } = synthesise());
});

describe('the API', () => {
  /** Path → methods with their integration, put together again from the resources. */
  /** Integrations by method and path. */
  function routes(): Record<string, Record<string, unknown>> {
    const resources = resourcesOf(template, 'AWS::ApiGateway::Resource');
    const pathOf = (id: string): string => {
      const { ParentId, PathPart } = resources[id]!.Properties as { ParentId: { Ref?: string }; PathPart: string };
      return `${ParentId.Ref ? pathOf(ParentId.Ref) : ''}/${PathPart}`;
    };
    return Object.fromEntries(
      Object.values(resourcesOf(template, 'AWS::ApiGateway::Method')).map(({ Properties }) => [
        `${Properties.HttpMethod} ${pathOf((Properties.ResourceId as { Ref: string }).Ref)}`,
        Properties.Integration as Record<string, unknown>,
      ]),
    );
  }

  it('is regional, because an edge-optimised one cuts a stream after 30 silent seconds', () => {
    template.hasResourceProperties('AWS::ApiGateway::RestApi', { EndpointConfiguration: { Types: ['REGIONAL'] } });
  });

  it.each(['ANY /v1/{proxy+}', 'ANY /v1beta/{proxy+}', 'GET /health', 'HEAD /health'])(
    'streams %s from the gateway for up to 15 minutes',
    (route) => {
      const integration = routes()[route]!;
      expect(integration).toMatchObject({ Type: 'AWS_PROXY', ResponseTransferMode: 'STREAM', TimeoutInMillis: 900_000 });
      const uri = JSON.stringify(integration.Uri);
      expect(uri).toContain('lambda:path/2021-11-15/functions/');
      expect(uri).toContain('FunctionsGatewayFunction');
      expect(uri).toContain('/response-streaming-invocations');
    },
  );

  it.each(['ANY /admin/{proxy+}', 'GET /console', 'GET /console/{proxy+}'])('answers %s from the control plane in one piece', (route) => {
    const integration = routes()[route]!;
    expect(integration).not.toHaveProperty('ResponseTransferMode');
    expect(JSON.stringify(integration.Uri)).toContain('FunctionsAdminFunction');
  });

  it('has no other routes', () => {
    expect(Object.keys(routes()).sort()).toEqual([
      'ANY /admin/{proxy+}',
      'ANY /v1/{proxy+}',
      'ANY /v1beta/{proxy+}',
      'GET /console',
      'GET /console/{proxy+}',
      'GET /health',
      'HEAD /health',
    ]);
  });

  it('hands uploads over in base64 and JSON as it is', () => {
    const { BinaryMediaTypes } = Object.values(resourcesOf(template, 'AWS::ApiGateway::RestApi'))[0]!.Properties;
    expect(BinaryMediaTypes).toContain('multipart/form-data');
    expect(BinaryMediaTypes).not.toContain('*/*');
    expect(BinaryMediaTypes).not.toContain('application/json');
  });

  it('logs the time to the first token, and no header, query or body', () => {
    const stage = Object.values(resourcesOf(template, 'AWS::ApiGateway::Stage'))[0]!.Properties;
    const format = (stage.AccessLogSetting as { Format: string }).Format;
    expect(Object.values(JSON.parse(format))).toEqual(
      expect.arrayContaining([
        '$context.requestId',
        '$context.integration.responseTransferMode',
        '$context.integration.timeToAllHeaders',
        '$context.integration.timeToFirstContent',
      ]),
    );
    expect(format).not.toMatch(/apiKey|authorizer|request\.header|override|querystring|body/i);
    expect(stage.MethodSettings).toEqual([
      expect.objectContaining({
        DataTraceEnabled: false,
        LoggingLevel: 'ERROR',
        MetricsEnabled: false,
        ThrottlingRateLimit: 1_000,
        ThrottlingBurstLimit: 2_000,
      }),
    ]);
  });

  it.each([
    ['THROTTLED', '429', 'rate_limit_exceeded'],
    ['REQUEST_TOO_LARGE', '413', 'request_too_large'],
    ['MISSING_AUTHENTICATION_TOKEN', '404', 'not_found'],
    ['INTEGRATION_TIMEOUT', '504', 'provider_timeout'],
    ['INTEGRATION_FAILURE', '503', 'internal_error'],
    ['WAF_FILTERED', '403', 'invalid_request'],
    ['DEFAULT_4XX', undefined, 'invalid_request'],
    ['DEFAULT_5XX', undefined, 'internal_error'],
  ] as const)('answers %s in the shape of every other error', (type, status, code) => {
    const responses = Object.values(resourcesOf(template, 'AWS::ApiGateway::GatewayResponse'));
    const { Properties } = responses.find((response) => response.Properties.ResponseType === type)!;
    expect(Properties.StatusCode).toBe(status);
    const body = JSON.parse((Properties.ResponseTemplates as Record<string, string>)['application/json']!);
    expect(body).toEqual({ error: { message: expect.any(String), type: errorCodes[code].type, param: null, code } });
  });

  it('is deployed anew when one of its own answers changes', () => {
    const [deployment] = Object.values(template.findResources('AWS::ApiGateway::Deployment'));
    expect(deployment?.DependsOn).toEqual(expect.arrayContaining(Object.keys(resourcesOf(template, 'AWS::ApiGateway::GatewayResponse'))));
  });

  it('says when to come back', () => {
    template.hasResourceProperties('AWS::ApiGateway::GatewayResponse', {
      ResponseType: 'THROTTLED',
      ResponseParameters: { 'gatewayresponse.header.retry-after': "'1'" },
    });
  });

  it('leaves the account role for logs alone when told so', () => {
    template.resourceCountIs('AWS::ApiGateway::Account', 1);
    const { template: without } = synthesise({ apiGatewayLogRole: 'off' });
    without.resourceCountIs('AWS::ApiGateway::Account', 0);
  });
});

describe('the tables', () => {
  it('are those of the list, on demand, and expire by the same attribute', () => {
    const found = Object.values(resourcesOf(template, 'AWS::DynamoDB::GlobalTable'));
    expect(found).toHaveLength(Object.keys(tables).length);
    for (const { Properties } of found) {
      expect(Properties).toMatchObject({
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      });
    }
  });

  it.each(Object.entries(tables))('keep %s as its durability says', (id, { durable, indexes }) => {
    const found = Object.entries(resourcesOf(template, 'AWS::DynamoDB::GlobalTable'));
    const [, table] = found.find(([logicalId]) => logicalId.toLowerCase().startsWith(`tables${id}`))!;
    expect(table.DeletionPolicy).toBe(durable ? 'Retain' : 'Delete');
    const [replica] = table.Properties.Replicas as Record<string, unknown>[];
    expect(replica).toMatchObject({
      DeletionProtectionEnabled: durable,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: durable },
    });
    const names = ((table.Properties.GlobalSecondaryIndexes ?? []) as { IndexName: string }[]).map((index) => index.IndexName);
    expect(names).toEqual(Object.keys(indexes));
  });
});

describe('the functions', () => {
  it('run on arm64 and Node 24, log JSON and are traced', () => {
    const found = Object.values(resourcesOf(template, 'AWS::Lambda::Function'));
    expect(found).toHaveLength(4);
    for (const { Properties } of found) {
      expect(Properties).toMatchObject({
        Architectures: ['arm64'],
        Runtime: 'nodejs24.x',
        LoggingConfig: { LogFormat: 'JSON', LogGroup: { Ref: expect.any(String) } },
        TracingConfig: { Mode: 'Active' },
      });
    }
  });

  it('learn their tables, secrets and configuration from their environment, and no secret itself', () => {
    const variables = Object.entries(resourcesOf(template, 'AWS::Lambda::Function')).map(([id, { Properties }]) => [
      /Functions(Gateway|Admin|Sweeper)|DashboardBudgets/.exec(id)?.[1] ?? 'BudgetWidget',
      Object.keys((Properties.Environment as { Variables: object }).Variables).sort(),
    ]);
    const allTables = Object.values(tables).map((table) => table.environmentVariable);
    expect(Object.fromEntries(variables)).toEqual({
      Gateway: [
        ...allTables,
        'SLUICE_CONFIG',
        'SLUICE_PROVIDER_SECRET_ID',
        'SLUICE_RECORD_DAYS',
        'SLUICE_UPLOAD_BUCKET',
        'SLUICE_UPLOAD_MAX_MB',
      ].sort(),
      Admin: [...allTables, 'SLUICE_ADMIN_SECRET_ID', 'SLUICE_CONFIG', 'SLUICE_GATEWAY_LOG_GROUP', 'SLUICE_RECORD_DAYS'].sort(),
      Sweeper: [
        'SLUICE_ALERT_TOPIC_ARN',
        'SLUICE_CONFIG',
        'SLUICE_CONTROL_TABLE',
        'SLUICE_LEDGER_TABLE',
        'SLUICE_PROVIDER_SECRET_ID',
        'SLUICE_RECORDS_TABLE',
        'SLUICE_RECORD_DAYS',
      ],
      BudgetWidget: ['SLUICE_CONFIG', 'SLUICE_CONTROL_TABLE', 'SLUICE_LEDGER_TABLE', 'SLUICE_RECORDS_TABLE'],
    });
  });

  it('get 15 minutes, 30 seconds and a minute, and the memory that was asked for', () => {
    const { template: bigger } = synthesise({ memory: '1024' });
    bigger.hasResourceProperties('AWS::Lambda::Function', { Timeout: 900, MemorySize: 1024 });
    template.hasResourceProperties('AWS::Lambda::Function', { Timeout: 900, MemorySize: 512 });
    template.hasResourceProperties('AWS::Lambda::Function', { Timeout: 30 });
    template.hasResourceProperties('AWS::Lambda::Function', { Timeout: 60 });
  });

  it('keep every log for the chosen time only', () => {
    const { template: longer } = synthesise({ logRetentionDays: '90' });
    const retention = (of: Template) =>
      Object.values(resourcesOf(of, 'AWS::Logs::LogGroup')).map((group) => group.Properties.RetentionInDays);
    expect(retention(template)).toEqual(retention(template).map(() => 30));
    expect(retention(longer)).toEqual(retention(template).map(() => 90));
    expect(retention(template)).toHaveLength(6);
  });
});

describe('the sweep', () => {
  it('runs every minute, once, and leaves a failed run where an alarm can see it', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: 'rate(1 minute)',
      State: 'ENABLED',
      Targets: [
        Match.objectLike({ DeadLetterConfig: Match.anyValue(), RetryPolicy: { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 } }),
      ],
    });
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnFailure: { Destination: Match.anyValue() } },
    });
  });
});

describe('the firewall', () => {
  it('limits addresses and refuses known bad ones, and never samples a request', () => {
    const acl = Object.values(resourcesOf(template, 'AWS::WAFv2::WebACL'))[0]!.Properties;
    expect(acl.Scope).toBe('REGIONAL');
    expect(JSON.stringify(acl)).toContain('"Limit":6000');
    expect(JSON.stringify(acl)).toContain('AWSManagedRulesAmazonIpReputationList');
    expect(JSON.stringify(acl)).not.toContain('"SampledRequestsEnabled":true');
    template.resourceCountIs('AWS::WAFv2::WebACLAssociation', 1);
  });

  it('is not there when it is switched off', () => {
    const { template: open } = synthesise({ waf: 'off' });
    open.resourceCountIs('AWS::WAFv2::WebACL', 0);
    open.resourceCountIs('AWS::WAFv2::WebACLAssociation', 0);
  });
});

describe('the outputs', () => {
  it('say where the API is and how to come by the keys', () => {
    expect(Object.keys(template.findOutputs('*')).sort()).toEqual([
      'AdminKeySecret',
      'AlarmTopic',
      'ApiUrl',
      'DashboardUrl',
      'ProviderSecret',
    ]);
    const command = JSON.stringify(template.findOutputs('AdminKeySecret'));
    expect(command).toContain('aws secretsmanager get-secret-value');
    expect(command).toContain('SecretsAdminKey');
  });
});

describe('the template', () => {
  it('changes only when somebody means it', async () => {
    const normalised = JSON.stringify(template.toJSON(), null, 2).replaceAll(/"[0-9a-f]{64}\.zip"/g, '"<code package>"');
    await expect(normalised).toMatchFileSnapshot('sluice.template.snap');
  });
});
