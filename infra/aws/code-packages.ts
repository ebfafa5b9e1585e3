import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { loadConfigFile } from '../../shared/config/load-config.ts';
import { type Bundle, bundleFunction } from './bundle.ts';
import { type FunctionId, packagedConfig } from './functions.ts';

/** Where the sources lie and where the packages go. */
export interface CodePackagesRequest {
  /** The folder that holds `functions/<id>/handler.ts`. */
  readonly project: string;
  /** One folder per function is made in here. */
  readonly output: string;
  /** The configuration to deploy, YAML or JSON. */
  readonly config: string;
}

/**
 * Bundles every function into a code package of its own, the configuration beside the code. The configuration is
 * checked here, so that a mistake in it stops the deployment and not the gateway, and goes along as JSON, so that
 * no function has to load a YAML parser to start.
 * @throws when a function does not build, or GatewayError `invalid_request` naming what is wrong in the configuration.
 */
export async function buildCodePackages({ project, output, config }: CodePackagesRequest): Promise<Record<FunctionId, Bundle>> {
  await loadConfigFile(config);
  const files = { [packagedConfig]: JSON.stringify(parse(await readFile(config, 'utf8')) ?? {}) };
  const build = (id: FunctionId) =>
    bundleFunction({ entry: join(project, 'functions', id, 'handler.ts'), directory: join(output, id), files });
  const [gateway, admin, sweeper] = await Promise.all([build('gateway'), build('admin'), build('sweeper')]);
  return { gateway, admin, sweeper };
}
