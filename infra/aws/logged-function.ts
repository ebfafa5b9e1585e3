import { type Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { PolicyDocument, type PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, LoggingFormat, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Bundle } from './bundle.ts';

/** What differs between the functions. */
export interface LoggedFunctionProps {
  readonly description: string;
  readonly code: Pick<Bundle, 'directory' | 'handler'>;
  readonly timeout: Duration;
  readonly memorySize: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly logRetention: RetentionDays;
  /** What this function may do, statement by statement under its name; writing its own log and traces is added. */
  readonly permissions: Readonly<Record<string, readonly PolicyStatement[]>>;
  /** The wildcards among them, as cdk-nag names them, each with the reason why it has to be one. */
  readonly wildcards?: Readonly<Record<string, string>>;
}

/**
 * A Lambda function with its log group and a role of its own that holds inline policies only: the managed
 * policies of AWS allow writing to every log group of the account.
 */
export class LoggedFunction extends Construct {
  readonly function: LambdaFunction;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: LoggedFunctionProps) {
    super(scope, id);
    this.logGroup = new LogGroup(this, 'Logs', { retention: props.logRetention, removalPolicy: RemovalPolicy.DESTROY });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      inlinePolicies: Object.fromEntries(
        Object.entries(props.permissions).map(([name, statements]) => [name, new PolicyDocument({ statements: [...statements] })]),
      ),
    });
    this.function = new LambdaFunction(this, 'Function', {
      description: props.description,
      code: Code.fromAsset(props.code.directory),
      handler: props.code.handler,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout: props.timeout,
      memorySize: props.memorySize,
      environment: { ...props.environment },
      role,
      logGroup: this.logGroup,
      loggingFormat: LoggingFormat.JSON,
      tracing: Tracing.ACTIVE,
    });
    this.logGroup.grants.write(role);
    const wildcards = { ...props.wildcards };
    wildcards['Resource::*'] = [xRayReason, wildcards['Resource::*']].filter(Boolean).join(' ');
    Validations.of(role).acknowledge(
      ...Object.entries(wildcards).map(([finding, reason]) => ({ id: `AwsSolutions-IAM5[${finding}]`, reason })),
    );
  }
}

const xRayReason = 'X-Ray takes no resource: PutTraceSegments and PutTelemetryRecords are allowed on * or not at all.';
