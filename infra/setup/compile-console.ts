import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const folder = fileURLToPath(new URL('../../functions/admin/console/', import.meta.url));

/** Where the compiled page is checked in: as text in a module, so that it travels in any bundle and runs from any folder. */
export const consoleAssetsPath = `${folder}console-assets.generated.ts`;

/** Bundles the console's page and renders it as a module. The same sources give the same text. */
export async function compileConsole(): Promise<string> {
  const result = await build({
    entryPoints: { app: `${folder}page/main.ts`, style: `${folder}page/style.css` },
    outdir: '/',
    write: false,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    // Baseline of early 2024: light-dark(), dialogs, nesting in CSS.
    target: ['chrome123', 'firefox120', 'safari17.5'],
    minify: true,
    legalComments: 'none',
    logLevel: 'silent',
  });
  const compiled = (name: string): string => result.outputFiles.find(({ path }) => path.endsWith(name))?.text.trimEnd() ?? '';
  const source = (name: string): string => readFileSync(`${folder}page/${name}`, 'utf8').trimEnd();
  const assets = {
    'index.html': { contentType: 'text/html; charset=utf-8', content: source('index.html') },
    'app.js': { contentType: 'text/javascript; charset=utf-8', content: compiled('app.js') },
    'style.css': { contentType: 'text/css; charset=utf-8', content: compiled('style.css') },
    'icon.svg': { contentType: 'image/svg+xml', content: source('icon.svg') },
  };
  return [
    '// Made by `node infra/setup/compile-console.ts` from the folder page/. Do not edit.',
    '',
    '/** The files of the console by name. */',
    `export const consoleAssets = ${JSON.stringify(assets, null, 2)};`,
    '',
  ].join('\n');
}

if (import.meta.main) writeFileSync(consoleAssetsPath, await compileConsole());
