import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import * as z from 'zod';

/** `-c waf=off` and `"waf": false` in cdk.json mean the same. */
const onOff = z.union([z.boolean(), z.stringbool()]);

const payloadPlace = z.union([
  z.enum(['s3', 'cloudwatch'], { error: 'must be off, s3 or cloudwatch' }),
  onOff.transform((on) => (on ? ('s3' as const) : ('off' as const))),
]);

/** How long CloudWatch can keep a log group, in days; any other number is refused by the service. */
const retentionDays = z.coerce
  .number()
  .refine(
    (days): days is RetentionDays => days in RetentionDays,
    'must be a retention that CloudWatch Logs knows, such as 7, 30, 90 or 365',
  );

/**
 * What an operator can choose at deployment, each with a default that suits a team: given in the
 * `context` of cdk.json or on the command line (`npx cdk deploy -c memory=1024 -c waf=off`).
 */
const deploymentSettingsSchema = z.object({
  /** The name of the stack: another one stands beside the first, with its own API, keys and tables. */
  stackName: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]{0,127}$/, 'must be letters, digits and hyphens, a letter first')
    .default('Sluice'),
  /** Memory of the gateway function in MB. A call mostly waits, so memory is what it costs; CPU comes in proportion. */
  memory: z.coerce.number().int().min(128).max(10_240).default(512),
  /** The firewall in front of the API: some $7 a month and $0.60 per million requests. */
  waf: onOff.default(true),
  /** Requests one IP address may send within a minute before the firewall refuses it. */
  wafRequestsPerMinute: z.coerce.number().int().min(10).max(2_000_000_000).default(6_000),
  /** Requests a second the whole API takes, and how many may come at once. */
  requestsPerSecond: z.coerce.number().int().min(1).default(1_000),
  requestBurst: z.coerce.number().int().min(1).default(2_000),
  logRetentionDays: retentionDays.default(RetentionDays.ONE_MONTH),
  /** How many days the record of a call is kept. */
  recordDays: z.coerce.number().int().min(1).max(3_650).default(30),
  /**
   * A place for prompts and answers, for keys and routes that say `log_payloads: true`: a bucket (`s3`, or `on`) or a log group
   * (`cloudwatch`), either with a KMS key of its own, $1 a month.
   */
  payloads: payloadPlace.default('off'),
  payloadRetentionDays: z.coerce.number().int().min(1).max(3_650).default(7),
  /** A place for bodies that are too large for an invocation: a bucket that forgets them after a day and costs nothing while empty. */
  uploads: onOff.default(true),
  /** The largest of them in MB. Default: 25, or what the memory has room for. */
  uploadMaxMb: z.coerce.number().int().min(1).max(200).optional(),
  /** A bucket into which the usage of each month goes once it is over, as CSV or Parquet. */
  usageExport: z
    .union([
      z.enum(['csv', 'parquet'], { error: 'must be off, csv or parquet' }),
      z.literal(['off', false]).transform(() => 'off' as const),
    ])
    .default('off'),
  /** An index in S3 Vectors for the semantic cache, in the place of the exact one in the cache table. */
  semanticCache: onOff.default(false),
  /** Numbers of an embedding, as the model of the semantic cache makes them (`semantic.dimensions` in gateway.yaml). */
  semanticCacheDimensions: z.coerce.number().int().min(1).max(4_096).default(256),
  /** Whether the gateway may send metrics to CloudWatch by OTLP, for `otlp: { aws_sigv4: true }` in gateway.yaml; traces it may anyway. */
  otlpMetrics: onOff.default(false),
  /** Who is told of alarms and budget alerts by mail, and has to confirm by a click. Others can subscribe to the topic. */
  alarmEmail: z.email().optional(),
  /** The configuration that goes into the functions' code packages, relative to the project. */
  config: z.string().min(1).default('gateway.yaml'),
  /**
   * Whether the stack gives API Gateway the account's role for writing logs. The role is one per account and
   * region: switch it off where the account already has one that other stacks look after.
   */
  apiGatewayLogRole: onOff.default(true),
});

/** What the gateway function needs without a request in it, in MB. */
const ownMemoryMb = 130;
/** A body is in memory as bytes, as text, parsed, and as what goes to the provider: measured with 25 MB, native and translated. */
const memoryPerUploadedMb = 12;
const usualUploadMb = 25;

const checkedSettingsSchema = deploymentSettingsSchema.transform(({ uploadMaxMb, ...settings }, context) => {
  const room = Math.max(1, Math.floor((settings.memory - ownMemoryMb) / memoryPerUploadedMb));
  if (settings.uploads && uploadMaxMb !== undefined && uploadMaxMb > room) {
    const memory = uploadMaxMb * memoryPerUploadedMb + ownMemoryMb;
    context.addIssue({ code: 'custom', path: ['uploadMaxMb'], message: `uploads of ${uploadMaxMb} MB need a memory of ${memory} MB` });
  }
  return { ...settings, uploadMaxMb: uploadMaxMb ?? Math.min(usualUploadMb, room) };
});

/** See {@link deploymentSettingsSchema}. */
export type DeploymentSettings = z.infer<typeof checkedSettingsSchema>;

/** Where prompts and answers are kept in AWS. */
export type PayloadPlace = Exclude<DeploymentSettings['payloads'], 'off'>;

/** The names an operator can set. */
const deploymentSettingNames = Object.keys(deploymentSettingsSchema.shape);

/**
 * Reads the settings out of the deployment's context; what is not set takes its default.
 * @throws Error naming the setting that is wrong and what it may be.
 */
export function readDeploymentSettings(contextValue: (name: string) => unknown): DeploymentSettings {
  const given = Object.fromEntries(deploymentSettingNames.map((name) => [name, contextValue(name)]));
  const parsed = checkedSettingsSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new Error(`The deployment settings are wrong: ${z.prettifyError(parsed.error)}`);
}
