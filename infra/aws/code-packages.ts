import { join } from 'node:path';
import { type Bundle, bundleFunction } from './bundle.ts';
import { type FunctionId, packagedConfig } from './functions.ts';

/** Where the sources lie and where the packages go. */
export interface CodePackagesRequest {
  /** The folder that holds `functions/<id>/handler.ts`. */
  readonly project: string;
  /** One folder per function is made in here. */
  readonly output: string;
  /** The configuration to deploy; whatever its name, the functions find it as `gateway.yaml`. */
  readonly config: string;
}

/**
 * Bundles every function into a code package of its own, the configuration beside the code.
 * @throws when a function does not build or the configuration does not exist.
 */
export async function buildCodePackages({ project, output, config }: CodePackagesRequest): Promise<Record<FunctionId, Bundle>> {
  const build = (id: FunctionId) =>
    bundleFunction({
      entry: join(project, 'functions', id, 'handler.ts'),
      directory: join(output, id),
      files: { [packagedConfig]: config },
    });
  const [gateway, admin, sweeper] = await Promise.all([build('gateway'), build('admin'), build('sweeper')]);
  return { gateway, admin, sweeper };
}
