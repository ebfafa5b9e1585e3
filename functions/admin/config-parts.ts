import type { ConfigVersionStore } from '../../shared/config/config-versions.ts';
import type { GatewayConfig } from '../../shared/config/gateway-config.ts';
import type { LiveConfig } from '../../shared/config/live-config.ts';
import type { ConfigDocument } from '../../shared/config/load-config.ts';
import type { LaneHealth } from '../../shared/routing/health.ts';
import type { DeployedParts } from './config-warnings.ts';
import type { AdminParts } from './operation.ts';

/** What the operations on the configuration work with. */
export interface ConfigParts extends Pick<AdminParts, 'store' | 'clock' | 'randomBytes'> {
  readonly versions: ConfigVersionStore;
  /** The file that came with the deployment. */
  readonly file: () => Promise<ConfigDocument>;
  readonly makeLive: (config: GatewayConfig, version: number) => LiveConfig;
  readonly deployed: DeployedParts;
  readonly health: LaneHealth & { refresh(nowMs: number): Promise<void> };
}
