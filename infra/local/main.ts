import { type Functions, type LocalGateway, runLocal } from './run-local.ts';
import { readLocalSettings } from './settings.ts';
import { endOnSignals } from './signals.ts';

/** The very handlers that are deployed. They read their environment and the runtime's global when they load. */
async function loadFunctions(): Promise<Functions> {
  const [gateway, admin, sweeper] = await Promise.all([
    import('../../functions/gateway/handler.ts'),
    import('../../functions/admin/handler.ts'),
    import('../../functions/sweeper/handler.ts'),
  ]);
  return { gateway: gateway.handler, admin: admin.handler, sweeper: sweeper.handler };
}

await endOnSignals((): Promise<LocalGateway> => runLocal(readLocalSettings(process.env), loadFunctions));
