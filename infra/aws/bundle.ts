import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, join, relative, sep } from 'node:path';
import { build, type Metafile, type OnResolveResult, type Plugin, type ResolveResult } from 'esbuild';

/** What one function's code package is made of. */
export interface BundleRequest {
  /** The module that exports `handler`. */
  readonly entry: string;
  /** The folder that becomes the code package; emptied first. */
  readonly directory: string;
  /** Files that travel beside the code, such as the configuration: name in the package → text. */
  readonly files: Readonly<Record<string, string>>;
}

/** A code package on disk. */
export interface Bundle {
  readonly directory: string;
  /** What Lambda is told to call. */
  readonly handler: string;
  /** Bytes of the code that loads at start: the entry and every chunk it imports statically. */
  readonly startBytes: number;
  /** Bytes of all code, chunks that load on first use included. */
  readonly totalBytes: number;
}

/**
 * Bundles one function: everything it needs and nothing of the runtime's own SDK, so that what was tested is
 * what runs. Modules behind a dynamic `import()` become chunks of their own and load on first use.
 *
 * The same sources always give the same bytes, so that an unchanged function is not deployed again. Source maps
 * lie in `<directory>.maps`, outside the package: they read an operator's stack trace without costing start-up.
 * @throws when esbuild finds an error, naming file and line.
 */
export async function bundleFunction(request: BundleRequest): Promise<Bundle> {
  const result = await build({
    entryPoints: { index: request.entry },
    outdir: request.directory,
    bundle: true,
    splitting: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // Modules first: most packages of the AWS SDK name their CommonJS build in `main`, which cannot be shaken.
    mainFields: ['module', 'main'],
    outExtension: { '.js': '.mjs' },
    entryNames: '[name]',
    chunkNames: 'chunks/[name]-[hash]',
    minify: true,
    legalComments: 'none',
    sourcemap: 'external',
    sourcesContent: false,
    metafile: true,
    logLevel: 'silent',
    banner: { js: commonJsBridge },
    plugins: [builtinModules, zodOfPackages],
  });

  const maps = `${request.directory}.maps`;
  await Promise.all([request.directory, maps].map((folder) => rm(folder, { recursive: true, force: true })));
  for (const file of result.outputFiles) {
    const folder = file.path.endsWith('.map') ? maps : request.directory;
    const target = join(folder, relative(request.directory, file.path));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, file.contents);
  }
  await Promise.all(Object.entries(request.files).map(([name, text]) => writeFile(join(request.directory, name), text)));
  return { directory: request.directory, handler: 'index.handler', ...measure(result.metafile) };
}

/** CommonJS packages call `require` under names they work out; an ES module has none unless it makes one. */
const commonJsBridge = "const require=process.getBuiltinModule('node:module').createRequire(import.meta.url);";

/**
 * Takes node's own modules from the runtime without importing them. An ES import evaluates every export, with
 * `node:http` also `WebSocket` and so undici: 21 to 25 ms of start-up on Node 24 against 3 ms this way, and the
 * dozen others the gateway uses take 11 ms instead of 15.
 */
const builtinModules: Plugin = {
  name: 'builtin-modules',
  setup(bundler) {
    const namespace = 'builtin-modules';
    bundler.onResolve({ filter: /^[a-z0-9_:/]+$/ }, ({ path }) => {
      if (!isBuiltin(path)) return undefined;
      return { path: path.startsWith('node:') ? path : `node:${path}`, namespace, sideEffects: false };
    });
    bundler.onLoad({ filter: /.*/, namespace }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      loader: 'js',
    }));
  },
};

/**
 * Gives the packages that use zod a copy of their own. esbuild shares a module between chunks whole: one provider
 * package that touches the `z` object would draw all of zod with its locales, 350 KB, into what every start loads,
 * of which the gateway uses 85 KB. The copy lies in the chunks that load on first use.
 */
const zodOfPackages: Plugin = {
  name: 'zod-of-packages',
  setup(bundler) {
    const namespace = 'zod-of-packages';
    // Chunk names are hashes over these paths, so they must not tell one machine from another.
    const copyOf = ({ path, sideEffects, errors }: ResolveResult): OnResolveResult => ({
      path: path.slice(path.lastIndexOf(packageFolder) + packageFolder.length).replaceAll(sep, '/'),
      pluginData: path,
      namespace,
      sideEffects,
      errors,
    });
    bundler.onResolve({ filter: /^zod(\/|$)/, namespace: 'file' }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      if (pluginData === namespace || !importer.includes(packageFolder)) return undefined;
      return copyOf(await bundler.resolve(path, { kind, resolveDir, pluginData: namespace }));
    });
    bundler.onResolve({ filter: /^\./, namespace }, async ({ path, kind, resolveDir }) =>
      copyOf(await bundler.resolve(path, { kind, resolveDir })),
    );
    bundler.onLoad({ filter: /.*/, namespace }, async ({ pluginData: file }) => ({
      contents: await readFile(file, 'utf8'),
      resolveDir: dirname(file),
    }));
  },
};

const packageFolder = `${sep}node_modules${sep}`;

function measure(metafile: Metafile): Pick<Bundle, 'startBytes' | 'totalBytes'> {
  const outputs = Object.entries(metafile.outputs).filter(([path]) => !path.endsWith('.map'));
  const entry = outputs.find(([, output]) => output.entryPoint !== undefined && output.exports.includes('handler'));
  if (!entry) throw new Error('The module does not export a handler.');

  const atStart = new Set<string>();
  const visit = (path: string): void => {
    if (atStart.has(path)) return;
    atStart.add(path);
    for (const imported of metafile.outputs[path]?.imports ?? []) {
      if (imported.kind === 'import-statement' && imported.external !== true) visit(imported.path);
    }
  };
  visit(entry[0]);

  const sum = (paths: Iterable<string>) => [...paths].reduce((bytes, path) => bytes + (metafile.outputs[path]?.bytes ?? 0), 0);
  return { startBytes: sum(atStart), totalBytes: sum(outputs.map(([path]) => path)) };
}
