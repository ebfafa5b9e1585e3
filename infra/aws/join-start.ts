import { Buffer } from 'node:buffer';
import { dirname, relative, resolve, sep } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

/** A file of a code package. */
export interface CodeFile {
  readonly code: string;
  /** Its source map, as JSON. */
  readonly map: string;
}

/** Code by absolute path, and esbuild's account of it by a path relative to the working directory. */
export interface BuiltCode {
  readonly files: ReadonlyMap<string, CodeFile>;
  readonly outputs: Metafile['outputs'];
}

/** The entry of a package and every chunk that it imports statically: what loads at start. Paths as in esbuild's account. */
function startPaths(outputs: Metafile['outputs'], entry: string): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (path: string): void => {
    if (found.has(path)) return;
    found.add(path);
    for (const { path: imported, kind, external } of outputs[path]?.imports ?? []) {
      if (kind === 'import-statement' && external !== true) visit(imported);
    }
  };
  visit(entry);
  return found;
}

/**
 * Joins what loads at start into the entry. esbuild makes a chunk for every set of entry points that share a module, some
 * twenty files that a start would find, open, read and link one by one: a tenth of its time. A chunk that code loaded later
 * imports as well stays as a file that passes on what is now in the entry.
 * @param entry path of the entry in `outputs`.
 * @param exported what the entry exports.
 */
export async function joinStart(
  { files, outputs }: BuiltCode,
  entry: string,
  exported: readonly string[],
): Promise<ReadonlyMap<string, CodeFile>> {
  const entryFile = resolve(entry);
  const start = new Map([...startPaths(outputs, entry)].map((path, index) => [resolve(path), { path, prefix: `start${index}_` }]));
  const chunks = [...start].filter(([file]) => file !== entryFile);
  const passedOn = chunks.map(([file, { path, prefix }]) => ({
    file,
    names: (outputs[path]?.exports ?? []).map((name) => [name, `${prefix}${name}`] as const),
  }));
  const { outputFiles } = await build({
    stdin: {
      contents: [
        exportLine(
          exported.map((name) => [name, name]),
          entryFile,
        ),
        ...passedOn.map(({ file, names }) => exportLine(names, file)),
      ].join('\n'),
    },
    outfile: entryFile,
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    legalComments: 'none',
    sourcemap: 'external',
    sourcesContent: false,
    logLevel: 'silent',
    plugins: [filesOf(files, dirname(entryFile))],
  });

  const needed = new Set(
    Object.entries(outputs).flatMap(([importer, { imports }]) =>
      imports.filter(({ kind }) => kind === 'dynamic-import' || !start.has(resolve(importer))).map(({ path }) => resolve(path)),
    ),
  );
  const joined = new Map([...files].filter(([file]) => !start.has(file)));
  for (const { file, names } of passedOn) {
    if (needed.has(file))
      joined.set(file, {
        code: `${exportLine(
          names.map(([name, inEntry]) => [inEntry, name]),
          pathBetween(dirname(file), entryFile),
        )}\n`,
        map: emptyMap,
      });
  }
  const text = (suffix: string): string => outputFiles.find(({ path }) => path.endsWith(suffix))?.text ?? '';
  joined.set(entryFile, { code: text('.mjs'), map: text('.map') });
  return joined;
}

const emptyMap = JSON.stringify({ version: 3, sources: [], names: [], mappings: '' });

function exportLine(names: readonly (readonly [string, string])[], from: string): string {
  return `export{${names.map(([name, as]) => `${name} as ${as}`).join(',')}}from${JSON.stringify(from)};`;
}

/** Reads the files from memory, and leaves what is loaded later where it is. */
function filesOf(files: ReadonlyMap<string, CodeFile>, directory: string): Plugin {
  const namespace = 'built';
  return {
    name: 'built-files',
    setup(bundler) {
      bundler.onResolve({ filter: /.*/ }, ({ path, importer, kind }) => {
        const file = resolve(dirname(importer), path);
        return kind === 'dynamic-import' ? { path: pathBetween(directory, file), external: true } : { path: file, namespace };
      });
      bundler.onLoad({ filter: /.*/, namespace }, ({ path }) => {
        const { code = '', map = '' } = files.get(path) ?? {};
        const inline = `//# sourceMappingURL=data:application/json;base64,${Buffer.from(map).toString('base64')}`;
        return { contents: `${code}\n${inline}`, loader: 'js', resolveDir: dirname(path) };
      });
    },
  };
}

function pathBetween(folder: string, file: string): string {
  const path = relative(folder, file).replaceAll(sep, '/');
  return path.startsWith('.') ? path : `./${path}`;
}
