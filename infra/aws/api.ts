import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import {
  CfnAccount,
  EndpointType,
  type Integration,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  type Resource,
  ResponseTransferMode,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { ManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { accessLogFormat } from './access-log.ts';
import { addGatewayResponses } from './gateway-responses.ts';
import type { DeploymentSettings } from './settings.ts';

interface ApiProps {
  readonly gateway: IFunction;
  readonly admin: IFunction;
  readonly settings: DeploymentSettings;
}

/**
 * The front door: a regional REST API, the one kind of API Gateway that streams answers for up to 15 minutes.
 * An edge-optimised one would cut a stream after 30 silent seconds, a regional one after 5 minutes.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/response-transfer-mode.html
 */
export class Api extends Construct {
  readonly restApi: RestApi;
  readonly accessLog: LogGroup;

  constructor(scope: Construct, id: string, { gateway, admin, settings }: ApiProps) {
    super(scope, id);
    const logs = { retention: settings.logRetentionDays, removalPolicy: RemovalPolicy.DESTROY };
    this.accessLog = new LogGroup(this, 'AccessLog', logs);
    this.restApi = new RestApi(this, 'RestApi', {
      restApiName: 'sluice',
      description: 'Sluice, an AI gateway.',
      endpointTypes: [EndpointType.REGIONAL],
      binaryMediaTypes: uploads,
      cloudWatchRole: false,
      deployOptions: {
        stageName,
        accessLogDestination: new LogGroupLogDestination(this.accessLog),
        accessLogFormat: accessLogFormat(),
        // Errors of API Gateway itself; never requests and answers, which hold keys and prompts.
        loggingLevel: MethodLoggingLevel.ERROR,
        dataTraceEnabled: false,
        // Metrics of API and stage are free and always there; those of each method cost $0.30 a month apiece.
        metricsEnabled: false,
        tracingEnabled: true,
        throttlingRateLimit: settings.requestsPerSecond,
        throttlingBurstLimit: settings.requestBurst,
      },
    });
    // The stack names its URL itself.
    this.restApi.node.tryRemoveChild('Endpoint');
    addGatewayResponses(this.restApi, settings);
    this.#routes(gateway, admin);

    // API Gateway would make this group at the first error, to be kept for ever.
    const executionLog = new LogGroup(this, 'ExecutionLog', {
      ...logs,
      logGroupName: `API-Gateway-Execution-Logs_${this.restApi.restApiId}/${stageName}`,
    });
    this.restApi.deploymentStage.node.addDependency(executionLog);
    if (settings.apiGatewayLogRole) this.restApi.deploymentStage.node.addDependency(this.#accountLogRole());
    this.#acknowledge();
  }

  #routes(gateway: IFunction, admin: IFunction): void {
    const streamed = new LambdaIntegration(gateway, {
      responseTransferMode: ResponseTransferMode.STREAM,
      timeout: Duration.minutes(15),
      ...onePermission,
    });
    const buffered = new LambdaIntegration(admin, onePermission);
    const { root } = this.restApi;
    const everythingUnder = (parent: Resource, method: string, integration: Integration) =>
      parent.addResource('{proxy+}').addMethod(method, integration);

    everythingUnder(root.addResource('v1'), 'ANY', streamed);
    everythingUnder(root.addResource('v1beta'), 'ANY', streamed);
    const health = root.addResource('health');
    for (const method of ['GET', 'HEAD']) health.addMethod(method, streamed);
    everythingUnder(root.addResource('admin'), 'ANY', buffered);
    const console = root.addResource('console');
    console.addMethod('GET', buffered);
    everythingUnder(console, 'GET', buffered);
  }

  /** Without this role API Gateway refuses a stage that logs. It is kept when the stack goes: other APIs may use it. */
  #accountLogRole(): CfnAccount {
    const role = new Role(this, 'LogRole', {
      assumedBy: new ServicePrincipal('apigateway.amazonaws.com'),
      managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName('service-role/AmazonAPIGatewayPushToCloudWatchLogs')],
    });
    role.applyRemovalPolicy(RemovalPolicy.RETAIN);
    Validations.of(role).acknowledge({
      id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
      reason:
        'The role belongs to the account, not to this API: every API of the region logs through it, with the policy API Gateway documents.',
    });
    const account = new CfnAccount(this, 'Account', { cloudWatchRoleArn: role.roleArn });
    account.applyRemovalPolicy(RemovalPolicy.RETAIN);
    return account;
  }

  #acknowledge(): void {
    Validations.of(this.restApi).acknowledge(
      {
        id: 'AwsSolutions-APIG2',
        reason:
          'The functions validate every request against the schema of its dialect and answer in that dialect, which API Gateway cannot.',
      },
      {
        id: 'AwsSolutions-APIG4',
        reason:
          'Callers bring virtual keys, checked in the function with their budgets; an authorizer would add an invocation and a stale cache.',
      },
      { id: 'AwsSolutions-COG4', reason: 'Callers are programs with virtual keys, not users of a Cognito pool.' },
    );
  }
}

/** Part of every URL of the API. */
const stageName = 'prod';

/** One permission per function for this API, instead of one per method and stage. */
const onePermission = { scopePermissionToMethod: false } as const;

/**
 * Request bodies that are not text reach the functions in base64; JSON stays as it is, for base64 would take a third
 * of the 6 MB an invocation can carry. Streamed answers are bytes in any case and need no entry here.
 */
const uploads = ['multipart/form-data', 'application/octet-stream', 'audio/*', 'image/*', 'video/*'];
