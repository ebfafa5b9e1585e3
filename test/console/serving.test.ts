import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consoleAssets } from '../../functions/admin/console/console-assets.generated.ts';
import { bundleFunction } from '../../infra/aws/bundle.ts';
import { compileConsole, consoleAssetsPath } from '../../infra/setup/compile-console.ts';
import { startControlPlane, type TestControlPlane } from '../support/control-plane.ts';

let plane: TestControlPlane;

beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(() => plane?.close());

const get = (path: string, headers: Record<string, string> = {}) => fetch(`${plane.url}${path}`, { headers });

describe('the page', () => {
  it('is there without a key', async () => {
    const response = await get('/console');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await response.text()).toContain('<title>Sluice console</title>');
  });

  it('allows itself scripts, styles and calls of its own gateway, and nothing else', async () => {
    const policy = Object.fromEntries(
      ((await get('/console')).headers.get('content-security-policy') ?? '').split('; ').map((part) => {
        const [name = '', ...values] = part.split(' ');
        return [name, values.join(' ')];
      }),
    );
    expect(policy).toEqual({
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': "'self'",
      'img-src': "'self'",
      'connect-src': "'self'",
      'base-uri': "'none'",
      'form-action': "'none'",
      'frame-ancestors': "'none'",
      'require-trusted-types-for': "'script'",
      'trusted-types': "'none'",
    });
  });

  it('loads only files that are there, by paths that also work under the stage of an API', async () => {
    const html = await (await get('/console')).text();
    const links = [...html.matchAll(/(?:src|href)="([^"#]+)"/g)].map((match) => match[1] ?? '');
    expect(links).toEqual(['console/icon.svg', 'console/style.css', 'console/app.js']);
    for (const link of links) expect((await get(`/${link}`)).status).toBe(200);
  });

  it('has no script and no style inside', async () => {
    const html = await (await get('/console')).text();
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
  });

  it('names no other host in anything it loads', () => {
    const hosts = Object.values(consoleAssets).flatMap(({ content }) =>
      [...content.matchAll(/https?:\/\/([^/"'`\s)]+)/g)].map((match) => match[1]),
    );
    // The namespace of SVG is a name, not an address.
    expect(hosts.filter((host) => host !== 'www.w3.org')).toEqual([]);
  });
});

describe('its files', () => {
  const names = Object.keys(consoleAssets).filter((name) => name !== 'index.html');

  it.each(names)('%s comes with its type and the headers of the page', async (name) => {
    const response = await get(`/console/${name}`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^(text\/(javascript|css); charset=utf-8|image\/svg\+xml)$/);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
    });
    await response.body?.cancel();
  });

  it.each(names)('%s is not sent again to who has it', async (name) => {
    const etag = (await get(`/console/${name}`)).headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    for (const held of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const response = await get(`/console/${name}`, { 'if-none-match': held });
      expect(response.status).toBe(304);
      expect(await response.text()).toBe('');
      expect(response.headers.get('etag')).toBe(etag);
    }
    expect((await get(`/console/${name}`, { 'if-none-match': '"other"' })).status).toBe(200);
  });

  it.each(['/console/secrets.txt', '/console/..%2Fapp.js', '/console/__proto__', '/console/app.js%00'])(
    '%s is none of them',
    async (path) => {
      const response = await get(path);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ error: { code: 'not_found' } });
    },
  );

  it('weigh less than 100 KB, and 30 KB on a line that compresses', () => {
    const whole = Object.values(consoleAssets)
      .map(({ content }) => content)
      .join('');
    expect(Buffer.byteLength(whole)).toBeLessThan(100_000);
    expect(gzipSync(whole).length).toBeLessThan(30_000);
  });

  it('are compiled from the sources as they are', async () => {
    expect(await readFile(consoleAssetsPath, 'utf8')).toBe(await compileConsole());
  });
});

describe('the control plane around it', () => {
  it.each(['/admin/keys', '/admin/audit', '/admin/limits/gateway', '/admin/console', '/console/a/b'])(
    'still asks for a key at %s',
    async (path) => {
      const response = await get(path);
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ error: { code: 'missing_api_key' } });
    },
  );

  it('keeps its own answers out of every cache', async () => {
    expect((await plane.call('GET', '/admin/keys')).headers.get('cache-control')).toBe('no-store');
  });
});

describe('the code package of the admin function', () => {
  let folder: string;
  beforeAll(async () => {
    // Outside the project, so that nothing can lean on its files.
    folder = await mkdtemp(join(tmpdir(), 'sluice-console-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('serves the page, and loads it only when it is asked for', async () => {
    const entry = join(import.meta.dirname, '../../functions/admin/handler.ts');
    const bundle = await bundleFunction({ entry, directory: join(folder, 'admin'), files: {} });
    const answer = await askBundle(bundle.directory, '/console/app.js');
    expect(answer).toMatchObject({ statusCode: 200, body: consoleAssets['app.js'].content });
    expect(answer.headers).toMatchObject({ 'x-content-type-options': 'nosniff' });

    const chunks = (await readdir(bundle.directory, { recursive: true })).filter((name) => name.endsWith('.mjs'));
    const holding: string[] = [];
    for (const name of chunks) if ((await readFile(join(bundle.directory, name), 'utf8')).includes('Sluice console')) holding.push(name);
    expect(holding).toHaveLength(1);
    expect(holding[0]).toMatch(/^chunks.console-assets/);
  });
});

/** Invokes the packaged handler in a process of its own, as Lambda would. */
async function askBundle(directory: string, path: string): Promise<{ statusCode: number; headers: object; body: string }> {
  const script = join(directory, '..', 'ask.mjs');
  const event = {
    httpMethod: 'GET',
    path,
    headers: {},
    queryStringParameters: null,
    body: null,
    isBase64Encoded: false,
    requestContext: { requestId: 'req', identity: { sourceIp: '127.0.0.1' } },
  };
  await writeFile(
    script,
    `import { handler } from './admin/index.mjs';
     console.log(JSON.stringify(await handler(${JSON.stringify(event)}, { getRemainingTimeInMillis: () => 1000 })));
     process.exit(0);`,
  );
  const child = spawn(process.execPath, [script], {
    cwd: directory,
    env: { AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x', SLUICE_ADMIN_KEY: 'admin-key-under-test' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`the package ended with ${code}: ${errors}`);
  return JSON.parse(out);
}
