import * as z from 'zod';

const portWords = 'must be a whole number from 0 to 65535';

const settingsSchema = z.object({
  PORT: z.coerce.number(portWords).int(portWords).min(0, portWords).max(65535, portWords).default(8787),
  SLUICE_CONFIG: z.string().min(1).default('gateway.yaml'),
  SLUICE_DATA: z.string().min(1).default('.sluice'),
  SLUICE_ADMIN_KEY: z.string().min(16, 'must have at least 16 characters').optional(),
  DYNAMODB_ENDPOINT: z.url('must be a URL').optional(),
  /** Shows the functions' log lines on the terminal too. */
  SLUICE_LOG: z.stringbool('must be 1 or 0').default(false),
});

/** What an operator can set on a laptop. */
export interface LocalSettings {
  /** 0 picks a free one. */
  readonly port: number;
  /** The path of `gateway.yaml`, relative to the working directory. */
  readonly configFile: string;
  /** Undefined keeps everything in memory. */
  readonly dataFolder: string | undefined;
  /** Undefined: made at first start. */
  readonly adminKey: string | undefined;
  /** Undefined: the embedded one. */
  readonly dynamoDbEndpoint: string | undefined;
  readonly showLog: boolean;
}

/**
 * Reads the settings; an empty variable counts as unset.
 * @throws Error whose message names each variable that is wrong.
 */
export function readLocalSettings(environment: Readonly<Record<string, string | undefined>>): LocalSettings {
  const parsed = settingsSchema.safeParse(Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== '')));
  if (!parsed.success) throw new Error(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
  return {
    port: parsed.data.PORT,
    configFile: parsed.data.SLUICE_CONFIG,
    dataFolder: parsed.data.SLUICE_DATA === ':memory:' ? undefined : parsed.data.SLUICE_DATA,
    adminKey: parsed.data.SLUICE_ADMIN_KEY,
    dynamoDbEndpoint: parsed.data.DYNAMODB_ENDPOINT,
    showLog: parsed.data.SLUICE_LOG,
  };
}
