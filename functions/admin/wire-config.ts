import { randomUUID } from 'node:crypto';
import type { Environment } from '../../shared/config/environment.ts';
import { liveConfig } from '../../shared/config/live-config.ts';
import { loadConfigDocument } from '../../shared/config/load-config.ts';
import { HealthBoard } from '../../shared/routing/health-board.ts';
import { DynamoHealthStore } from '../../shared/store/breaker-store-dynamo.ts';
import { DynamoConfigStore } from '../../shared/store/config-store-dynamo.ts';
import { ControlTable } from '../../shared/store/control-table.ts';
import type { DynamoDb } from '../../shared/store/dynamo-client.ts';
import { describeError, type Log } from '../../shared/telemetry/log.ts';
import type { PayloadStore } from '../../shared/telemetry/payload.ts';
import type { ConfigParts } from './config-parts.ts';

/** The parts of the control plane that know the configuration. It reads no provider's key: it calls no provider. */
export function wireConfig(
  environment: Environment,
  dynamo: DynamoDb,
  shared: Pick<ConfigParts, 'store' | 'clock' | 'randomBytes'> & { readonly log: Log; readonly payloads: PayloadStore | undefined },
): ConfigParts {
  const { log, payloads, ...parts } = shared;
  const noSecrets = { read: async () => undefined };
  return {
    ...parts,
    versions: new DynamoConfigStore(new ControlTable(dynamo, environment.SLUICE_CONTROL_TABLE)),
    file: () => loadConfigDocument(environment.SLUICE_CONFIG),
    makeLive: (settings, version) => liveConfig(settings, { secrets: noSecrets, version }),
    deployed: {
      keepsPayloads: payloads !== undefined,
      // On a laptop the operator's own credentials decide.
      sendsMetrics: environment.SLUICE_ADMIN_SECRET_ID === undefined || environment.SLUICE_OTLP_METRICS === 'on',
    },
    health: new HealthBoard(
      new DynamoHealthStore({ dynamo, table: environment.SLUICE_CACHE_TABLE, clock: parts.clock, newId: () => randomUUID().slice(0, 8) }),
      (error) => log.write('warn', 'health of targets cannot be read', describeError(error)),
    ),
  };
}
