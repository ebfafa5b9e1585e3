import { loadConfigFile } from '../../shared/config/load-config.ts';
import { type Functions, type LocalGateway, runLocal } from './run-local.ts';
import { readLocalSettings } from './settings.ts';
import { endOnSignals } from './signals.ts';
import { watchFile } from './watch-file.ts';

/** The very handlers that are deployed. They read their environment and the runtime's global when they load. */
async function loadFunctions(): Promise<Functions> {
  const [gateway, admin, sweeper] = await Promise.all([
    import('../../functions/gateway/handler.ts'),
    import('../../functions/admin/handler.ts'),
    import('../../functions/sweeper/handler.ts'),
  ]);
  return { gateway: gateway.handler, admin: admin.handler, sweeper: sweeper.handler };
}

async function start(): Promise<LocalGateway> {
  const settings = readLocalSettings(process.env);
  watchFile(settings.configFile);
  // A mistake in the file is better told now than by the first call.
  await loadConfigFile(settings.configFile);
  return runLocal(settings, loadFunctions);
}

await endOnSignals(start);
