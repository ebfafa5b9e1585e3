import { execFile } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({ config: { streaming: { keep_alive_ms: 300, commit_after_ms: 300 } } });
});
afterAll(async () => {
  await gateway?.close();
});

it('npm run smoke proves a running gateway and says so line by line', async () => {
  const output = await new Promise<string>((resolve) => {
    const environment = { ...process.env, SLUICE_ADMIN_KEY: gateway.adminKey };
    execFile(
      process.execPath,
      ['infra/smoke/main.ts', gateway.url, '--silence-seconds', '1'],
      { env: environment },
      (_error, stdout, stderr) => resolve(stdout + stderr),
    );
  });
  expect(output).not.toContain('FAIL');
  expect(output).toMatch(/13 passed, 0 failed\n$/);
}, 60_000);
