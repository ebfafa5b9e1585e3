import * as z from 'zod';
import { GatewayError } from '../errors/gateway-error.ts';

/**
 * What the functions read from their environment, all of it. The stack sets these; on a laptop the
 * local host does. Provider keys are not among them: those are references, see `secrets.ts`.
 */
const environmentSchema = z.object({
  SLUICE_CONTROL_TABLE: z.string().default('sluice-control'),
  SLUICE_LEDGER_TABLE: z.string().default('sluice-ledger'),
  SLUICE_CACHE_TABLE: z.string().default('sluice-cache'),
  SLUICE_RECORDS_TABLE: z.string().default('sluice-records'),
  /** Secrets Manager id of the JSON secret with the provider keys; unset on a laptop. */
  SLUICE_PROVIDER_SECRET_ID: z.string().optional(),
  /** Secrets Manager id of the admin key; unset on a laptop. */
  SLUICE_ADMIN_SECRET_ID: z.string().optional(),
  /** The admin key itself, on a laptop. */
  SLUICE_ADMIN_KEY: z.string().min(16).optional(),
  /** The configuration file that came with the deployment. */
  SLUICE_CONFIG: z.string().default('gateway.yaml'),
  /** Another DynamoDB than the one of the region: the embedded one, or DynamoDB Local. */
  DYNAMODB_ENDPOINT: z.url().optional(),
  AWS_REGION: z.string().default('us-east-1'),
  /** The function's role, as Lambda hands it to every environment for its whole life. */
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  AWS_SESSION_TOKEN: z.string().optional(),
  /** The bucket for prompts and answers that are kept; unset where payload logging is not deployed. */
  SLUICE_PAYLOAD_BUCKET: z.string().optional(),
  /** The log group for them, in the place of the bucket. */
  SLUICE_PAYLOAD_LOG_GROUP: z.string().optional(),
  /** The folder for them, on a laptop. */
  SLUICE_PAYLOAD_FOLDER: z.string().optional(),
  /** The bucket for bodies that are too large for an invocation; unset where uploads are not deployed. */
  SLUICE_UPLOAD_BUCKET: z.string().optional(),
  /** The folder for them, on a laptop, and what the URLs to it are signed with. */
  SLUICE_UPLOAD_FOLDER: z.string().optional(),
  SLUICE_UPLOAD_SIGNING_KEY: z.string().min(16).optional(),
  /** The largest of them, in megabytes: a call takes some twelve times as much memory. */
  SLUICE_UPLOAD_MAX_MB: z.coerce.number().int().min(1).max(200).default(25),
  /** Other places than the region's S3 and CloudWatch Logs, by the names that AWS's own tools know them by. */
  AWS_ENDPOINT_URL_S3: z.url().optional(),
  AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: z.url().optional(),
  /** The index in S3 Vectors for questions by their meaning; unset where the exact index in the cache table is used. */
  SLUICE_VECTOR_INDEX_ARN: z.string().optional(),
  /** Where budget alerts are published; unset on a laptop. */
  SLUICE_ALERT_TOPIC_ARN: z.string().optional(),
  /** The gateway function's log group, for dashboards made at run time; unset on a laptop. */
  SLUICE_GATEWAY_LOG_GROUP: z.string().optional(),
  /** Whether the gateway function may send metrics by OTLP: what the control plane warns by. */
  SLUICE_OTLP_METRICS: z.enum(['on', 'off']).optional(),
  /** The bucket into which the usage of each month goes once it is over; unset where none is wanted. */
  SLUICE_USAGE_EXPORT_BUCKET: z.string().optional(),
  /** The folder for it, on a laptop. */
  SLUICE_USAGE_EXPORT_FOLDER: z.string().optional(),
  SLUICE_USAGE_EXPORT_FORMAT: z.enum(['csv', 'parquet']).default('csv'),
  /** How many days the record of a call is kept. Usage by day is kept for good. */
  SLUICE_RECORD_DAYS: z.coerce.number().int().min(1).max(3_650).default(30),
  /** Log lines below this level are not written. */
  SLUICE_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

/** See {@link environmentSchema}. */
export type Environment = z.infer<typeof environmentSchema>;

/**
 * Reads the environment once, at the wiring of a function.
 * @throws GatewayError `internal_error` naming the variable that is wrong.
 */
export function readEnvironment(source: Readonly<Record<string, string | undefined>> = process.env): Environment {
  const parsed = environmentSchema.safeParse(source);
  if (parsed.success) return parsed.data;
  throw new GatewayError('internal_error', `The environment is wrong: ${z.prettifyError(parsed.error)}`);
}

/** Where DynamoDB is and with which credentials, for every function alike. Without credentials those the SDK finds are used. */
export function storeConnection(environment: Environment) {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = environment;
  const credentials =
    accessKeyId === undefined || secretAccessKey === undefined
      ? undefined
      : { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
  return { region: environment.AWS_REGION, endpoint: environment.DYNAMODB_ENDPOINT, credentials };
}
