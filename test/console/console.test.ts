import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findChromium, launchBrowser, openConsole, visit, watchPage } from './browser.ts';
import { type LivedInGateway, startLivedInGateway } from './month-of-calls.ts';

const chromium = findChromium();
if (chromium === undefined) {
  process.stdout.write('The console is not tried in a browser: there is no Chromium here. Install one, or name it in CHROMIUM_PATH.\n');
}

const adminSections = [
  ['overview', 'Overview'],
  ['usage', 'Usage'],
  ['requests', 'Requests'],
  ['keys', 'Keys'],
  ['limits', 'Teams & limits'],
  ['playground', 'Playground'],
  ['cache', 'Cache'],
  ['config', 'Configuration'],
  ['changes', 'Changes'],
] as const;

const ownSections = [
  ['key', 'This key'],
  ['playground', 'Playground'],
  ['models', 'Models'],
  ['receipts', 'Receipts'],
] as const;

describe.runIf(chromium !== undefined)('the console in a browser', { timeout: 60_000 }, () => {
  let gateway: LivedInGateway;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let troubles: string[];

  beforeAll(async () => {
    gateway = await startLivedInGateway();
    browser = await launchBrowser(chromium ?? '');
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await gateway?.close();
  });
  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 1280, height: 900 }, permissions: ['clipboard-read', 'clipboard-write'] });
    context.setDefaultTimeout(30_000);
    page = await context.newPage();
    troubles = watchPage(page, gateway.url);
  });
  afterEach(async () => {
    await context.close();
    expect(troubles).toEqual([]);
  });

  const callModel = async (body: object) => {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }], ...body }),
    });
    await response.text();
    return response;
  };

  describe('who comes in', () => {
    it('is told when a key opens nothing, and can try another', async () => {
      await page.goto(`${gateway.url}/console`);
      await page.getByLabel('Admin key or virtual key').fill('sk-not-a-key');
      await page.keyboard.press('Enter');
      await page.getByRole('alert').getByText('does not know this key').waitFor();
      await page.getByLabel('Admin key or virtual key').fill(gateway.adminKey);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
    });

    it('leaves the key in this tab alone, and nowhere once it is forgotten', async () => {
      await openConsole(page, gateway.url, gateway.adminKey);
      for (const [fragment, heading] of adminSections) {
        await visit(page, fragment, heading);
        expect(page.url()).not.toContain(gateway.adminKey);
      }
      expect(await page.evaluate('JSON.stringify(localStorage)')).not.toContain(gateway.adminKey);
      expect(await context.cookies()).toEqual([]);
      await page.reload();
      await page.getByRole('navigation', { name: 'Sections' }).waitFor();
      await page.getByRole('button', { name: 'Forget key' }).click();
      await page.getByLabel('Admin key or virtual key').waitFor();
      expect(await page.evaluate('sessionStorage.length')).toBe(0);
      await page.reload();
      await page.getByLabel('Admin key or virtual key').waitFor();
    });

    it('finds the API under the stage of a deployment too', async () => {
      const outside: string[] = [];
      await page.route(`${gateway.url}/**`, (route) => {
        const url = route.request().url();
        if (!url.startsWith(`${gateway.url}/prod/`)) outside.push(url);
        return route.continue({ url: url.replace('/prod/', '/') });
      });
      await page.goto(`${gateway.url}/prod/console`);
      await page.getByLabel('Admin key or virtual key').fill(gateway.adminKey);
      await page.keyboard.press('Enter');
      await page.getByRole('navigation', { name: 'Sections' }).waitFor();
      await visit(page, 'keys', 'Keys');
      await page.getByRole('link', { name: 'search ranking' }).waitFor();
      expect(outside).toEqual([]);
    });

    it('meets only sections whose endpoint this gateway has', async () => {
      await page.route('**/admin/usage*', (route) =>
        route.fulfill({ status: 404, json: { error: { code: 'not_found', message: 'nothing' } } }),
      );
      await openConsole(page, gateway.url, gateway.adminKey);
      const sections = await page.getByRole('navigation', { name: 'Sections' }).getByRole('link').allTextContents();
      expect(sections).toContain('Keys');
      expect(sections).not.toContain('Usage');
      await page.getByRole('heading', { name: 'Budgets, fullest first' }).waitFor();
    });
  });

  describe('keys', () => {
    it('are made, shown once, changed, rotated, disabled and revoked', async () => {
      await openConsole(page, gateway.url, gateway.adminKey);
      await visit(page, 'keys', 'Keys');
      await page.getByRole('button', { name: 'New key' }).click();
      await page.getByLabel('Name').fill('browser key');
      await page.getByLabel('Team').fill('search');
      await page.getByLabel('USD a month').fill('12.5');
      await page.getByLabel('Requests a minute').fill('30');
      await page.getByLabel('Models it may call').fill('echo/*\nsmart');
      await page.getByLabel('Tags').fill('env=test, owner=mara');
      await page.getByRole('button', { name: 'Create key' }).click();

      const secret = await page.locator('code.secret').textContent();
      expect(secret).toMatch(/^sk-/);
      await page.getByRole('button', { name: 'Copy' }).last().click();
      expect(await page.evaluate('navigator.clipboard.readText()')).toBe(secret);
      await page.getByRole('button', { name: 'I have kept it' }).click();
      await page.getByRole('heading', { level: 2, name: 'browser key' }).waitFor();
      const id = page.url().split('/').at(-1) ?? '';
      expect((await gateway.admin('GET', `/admin/keys/${id}`)).body).toMatchObject({
        name: 'browser key',
        team: 'search',
        models: ['echo/*', 'smart'],
        limits: { requests_per_minute: 30, budgets: [{ amount_usd: 12.5, period: 'month' }] },
        tags: { env: 'test', owner: 'mara' },
      });
      expect(await page.content()).not.toContain(secret);

      await page.getByRole('button', { name: 'Edit' }).click();
      await page.getByLabel('USD a month').fill('20');
      await page.getByLabel('Requests a minute').fill('');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('$20.00 a month').first().waitFor();
      expect((await gateway.admin('GET', `/admin/keys/${id}`)).body.limits).toEqual({ budgets: [{ amount_usd: 20, period: 'month' }] });

      await page.getByRole('button', { name: 'Disable' }).click();
      await page.getByText('disabled', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Enable' }).click();
      await page.getByText('active', { exact: true }).waitFor();

      await page.getByRole('button', { name: 'Rotate' }).click();
      await page.getByLabel('Minutes the old secret').fill('5');
      await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click();
      const rotated = await page.locator('code.secret').textContent();
      expect(rotated).toMatch(/^sk-/);
      expect(rotated).not.toBe(secret);
      await page.getByRole('button', { name: 'I have kept it' }).click();
      await page.getByText('Old secret').waitFor();

      await page.getByRole('button', { name: 'Revoke' }).click();
      await page.getByLabel('Type browser key to confirm').fill('browser');
      await page.getByRole('button', { name: 'Revoke for good' }).click();
      await page.getByRole('alert').getByText('Nothing was revoked').waitFor();
      expect((await gateway.admin('GET', `/admin/keys/${id}`)).status).toBe(200);
      await page.getByLabel('Type browser key to confirm').fill('browser key');
      await page.getByRole('button', { name: 'Revoke for good' }).click();
      await page.getByRole('heading', { level: 2, name: 'Virtual keys' }).waitFor();
      expect((await gateway.admin('GET', `/admin/keys/${id}`)).status).toBe(404);
    });

    it('keep what the form has no field for', async () => {
      const { id } = await gateway.createKey({
        name: 'sharded',
        limits: { shards: 4, parallel_requests: 900, per_model: { 'openai/*': { parallel_requests: 2 } } },
      });
      await openConsole(page, gateway.url, gateway.adminKey);
      await visit(page, `keys/${id}`, 'Keys');
      await page.getByRole('button', { name: 'Edit' }).click();
      await page.getByLabel('Calls at once').fill('800');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('800 at once').waitFor();
      expect((await gateway.admin('GET', `/admin/keys/${id}`)).body.limits).toEqual({
        shards: 4,
        parallel_requests: 800,
        per_model: { 'openai/*': { parallel_requests: 2 } },
      });
    });

    it('say in the gateway’s words what is wrong with them', async () => {
      await openConsole(page, gateway.url, gateway.adminKey);
      await visit(page, 'keys', 'Keys');
      await page.getByRole('button', { name: 'New key' }).click();
      await page.getByLabel('Name').fill('wrong');
      await page.getByLabel('Team').fill('?!');
      await page.getByRole('button', { name: 'Create key' }).click();
      await page.getByRole('alert').getByText('team must be letters').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      expect(await page.evaluate('document.activeElement.textContent')).toBe('New key');
    });
  });

  it('gives a team a budget, shows how it stands, and takes it away', async () => {
    await openConsole(page, gateway.url, gateway.adminKey);
    await visit(page, 'limits', 'Teams & limits');
    await page.getByRole('button', { name: 'New team' }).click();
    await page.getByLabel('Name').fill('browser team');
    await page.getByLabel('USD a week').fill('7');
    await page.getByRole('button', { name: 'Create team' }).click();
    await page.getByRole('link', { name: 'browser team' }).click();
    await page.getByText('$7.00 left').waitFor();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('heading', { level: 2, name: 'Users' }).waitFor();
    expect((await gateway.admin('GET', '/admin/teams/browser%20team')).status).toBe(404);
  });

  it('gives a tag a budget, shows how it stands, and takes it away', async () => {
    await openConsole(page, gateway.url, gateway.adminKey);
    await visit(page, 'limits', 'Teams & limits');
    await page.getByRole('button', { name: 'New limits of a tag' }).click();
    await page.getByLabel('Tag', { exact: true }).fill('project=engine');
    await page.getByLabel('USD a week').fill('9');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Standing project=engine' }).click();
    await page.getByText('$9.00 left').waitFor();
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Remove project=engine' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await page.getByText('No tag has limits').waitFor();
    expect((await gateway.admin('GET', '/admin/tags/project%3Dengine')).status).toBe(404);
  });

  describe('a virtual key', () => {
    it('sees its own limits, and those of what it belongs to', async () => {
      await openConsole(page, gateway.url, gateway.limitedKey);
      await visit(page, 'key', 'This key');
      await page.getByText('of $2.60').first().waitFor();
      await page.getByRole('heading', { level: 2, name: 'team search' }).waitFor();
      expect(await page.getByRole('navigation', { name: 'Sections' }).getByRole('link').allTextContents()).toEqual(
        ownSections.map(([, title]) => title),
      );
    });

    it('streams in the playground and shows cost, times, way and receipt', async () => {
      await openConsole(page, gateway.url, gateway.key);
      await visit(page, 'playground', 'Playground');
      await page.getByLabel('Model').fill('echo/ok?tokens=30&chunk_delay_ms=40');
      await page.getByLabel('User', { exact: true }).fill('Count for me');
      await page.keyboard.press('Control+Enter');
      const answer = page.getByRole('log', { name: 'Answer' });
      await answer.getByText('word2').waitFor();
      expect(await answer.getAttribute('aria-busy')).toBe('true');
      expect(await answer.textContent()).not.toContain('word30');
      await answer.getByText('word30').waitFor();
      await page.getByText('answered', { exact: true }).waitFor();
      expect(await answer.getAttribute('aria-busy')).toBe('false');
      const fact = (name: string) => page.locator('.facts > div', { hasText: name }).locator('dd').first().textContent();
      expect(await fact('Cost')).toMatch(/^\$0\.0\d+$/);
      expect(await fact('First token after')).toMatch(/^[\d.]+ m?s$/);
      expect(await fact('Tokens in / out')).toMatch(/^\d+ \/ 30$/);
      await page.locator('summary', { hasText: 'Headers of the gateway' }).click();
      await page.getByRole('rowheader', { name: 'x-sluice-request-id' }).waitFor();
      expect(await page.locator('#announcer').textContent()).toMatch(/^The call is answered\. 30 tokens, \$/);
      await page.locator('.facts a[href^="#receipts/"]').click();
      await page.getByRole('heading', { level: 1, name: 'Receipts' }).waitFor();
      await page.getByText('Cost of output').waitFor();
      expect(await page.getByRole('list').filter({ hasText: 'within limits' }).textContent()).toContain('echo/ok 200');
    });

    it('can stop a stream', async () => {
      await openConsole(page, gateway.url, gateway.key);
      await visit(page, 'playground', 'Playground');
      await page.getByLabel('Model').fill('echo/ok?tokens=500&chunk_delay_ms=50');
      await page.getByRole('button', { name: 'Send' }).click();
      await page.getByRole('log', { name: 'Answer' }).getByText('word3').waitFor();
      await page.getByRole('button', { name: 'Stop' }).click();
      await page.getByText('stopped', { exact: true }).waitFor();
      await gateway.logged((line) => line.ending === 'client_gone');
    });

    it.each([
      ['echo/error-500', /502 provider_error/],
      ['nowhere/model', /404 model_not_found/],
      ['echo/cut-mid-stream', /provider_error|cut/],
    ])('is told what went wrong with %s', async (model, expected) => {
      await openConsole(page, gateway.url, gateway.key);
      await visit(page, 'playground', 'Playground');
      await page.getByLabel('Model').fill(model);
      await page.getByRole('button', { name: 'Send' }).click();
      expect(await page.getByRole('alert').textContent()).toMatch(expected);
      await page.getByText('failed', { exact: true }).waitFor();
    });

    it('is told when its money is spent, and what to do', async () => {
      const { key } = await gateway.createKey({ name: 'poor', limits: { budgets: [{ amount_usd: 0.000001, period: 'day' }] } });
      await openConsole(page, gateway.url, key);
      await visit(page, 'playground', 'Playground');
      await page.getByLabel('Model').fill('echo/ok');
      await page.getByRole('button', { name: 'Send' }).click();
      await page.getByRole('alert').getByText('402 budget_exceeded').waitFor();
      await page.getByRole('alert').getByText('somebody raises the budget').waitFor();
    });
  });

  it('lends the admin a key of an hour for the playground', async () => {
    await openConsole(page, gateway.url, gateway.adminKey);
    await visit(page, 'playground', 'Playground');
    await page.getByRole('button', { name: 'Make a key for an hour' }).click();
    await page.getByLabel('Model').fill('smart');
    await page.getByLabel('Max output tokens').fill('50');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('answered', { exact: true }).waitFor();
    await page.getByRole('link', { name: /^req_/ }).click();
    await page.getByRole('heading', { level: 2, name: 'smart' }).waitFor();
    await page.getByRole('list', { name: 'Attempts over time' }).getByText('echo/ok').waitFor();
  });

  describe('what is seen of calls', () => {
    it('is there moments after a call has ended, with its way', async () => {
      await openConsole(page, gateway.url, gateway.adminKey);
      await visit(page, 'requests', 'Requests');
      const response = await callModel({ model: 'smart' });
      const id = response.headers.get('x-sluice-request-id') ?? '';
      const row = page.getByRole('row').filter({ has: page.locator(`a[href="#requests/${id}"]`) });
      await row.waitFor();
      expect(await row.getByRole('listitem').allTextContents()).toContain('echo/ok 200');
      await row.getByRole('link').click();
      await page.getByText(id).first().waitFor();
      await page.getByText('Cost of output').waitFor();
    });

    it('can be narrowed to failures, and leads through a session', async () => {
      await openConsole(page, gateway.url, gateway.adminKey);
      await visit(page, 'requests', 'Requests');
      await page.getByLabel('Session').fill('nightly');
      await page.getByLabel('Ended').selectOption('failed');
      await page.getByRole('row').filter({ hasText: 'echo/ok' }).first().waitFor({ state: 'detached' });
      await page.getByRole('row').filter({ hasText: 'echo/error-500' }).getByRole('link').click();
      await page.getByRole('link', { name: 'nightly' }).click();
      await page.getByRole('heading', { level: 1, name: 'Session' }).waitFor();
      expect(await page.getByRole('region', { name: 'Steps in order' }).getByRole('row').count()).toBe(8);
    });

    it('shows what was said in a call and in the steps of its session, where that is kept', async () => {
      const response = await fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json', 'x-sluice-session': 'noted' },
        body: JSON.stringify({ model: 'noted', messages: [{ role: 'user', content: '<b>well</b> said, jane@example.com' }] }),
      });
      await response.text();
      await gateway.logged((line) => line.session === 'noted');
      await openConsole(page, gateway.url, gateway.adminKey);
      for (const [fragment, heading] of [
        ['sessions/noted', 'Session'],
        [`requests/${response.headers.get('x-sluice-request-id')}`, 'Requests'],
      ] as const) {
        await visit(page, fragment, heading);
        await page.locator('summary', { hasText: 'Request' }).click();
        await page.getByText('"content": "<b>well</b> said, [email]"').first().waitFor();
        await page.locator('summary', { hasText: 'Answer' }).click();
        await page.getByText('"role": "assistant"').waitFor();
      }
    });

    it('sums to what the API says, by model, by key and by team', async () => {
      await openConsole(page, gateway.url, gateway.adminKey);
      await visit(page, 'usage', 'Usage');
      await page.getByLabel('Time').selectOption('quarter');
      for (const [group, sample] of [
        ['model', 'anthropic/claude-opus-5'],
        ['team', 'search'],
      ] as const) {
        await page.getByLabel('Split by').selectOption(group);
        const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: sample, exact: true }) });
        await row.waitFor();
        const from = new Date(Date.now() - 89 * 86_400_000).toISOString().slice(0, 10);
        const { body } = await gateway.admin('GET', `/admin/usage?group_by=${group}&from=${from}`);
        const expected = (body.data as Record<string, unknown>[]).find((sums) => sums[group] === sample);
        expect(expected).toBeDefined();
        expect((await row.getByRole('cell').nth(0).textContent())?.replace('$', '')).toBe(Number(expected?.cost_usd).toFixed(2));
        expect(await row.getByRole('cell').nth(1).textContent()).toBe(String(expected?.calls));
      }
      await page.getByLabel('Split by').selectOption('key');
      await page.getByRole('link', { name: 'search ranking' }).waitFor();
    });

    it('can be read bar by bar with the arrow keys, and saved as CSV', async () => {
      await openConsole(page, gateway.url, gateway.adminKey);
      await visit(page, 'usage', 'Usage');
      const chart = page.getByRole('group', { name: /^Cost by model/ });
      await chart.focus();
      await page.keyboard.press('End');
      const today = await page.locator('.readout').textContent();
      expect(today).toMatch(/^\d{1,2} \w{3} \d{4}: \$\d/);
      await page.keyboard.press('ArrowLeft');
      expect(await page.locator('.readout').textContent()).not.toBe(today);
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Download CSV' }).click()]);
      expect(download.suggestedFilename()).toBe('usage-by-model.csv');
    });
  });

  it('proves that records, sums and ledger agree', async () => {
    await openConsole(page, gateway.url, gateway.adminKey);
    await visit(page, 'usage', 'Usage');
    await page.getByRole('button', { name: 'Prove the books' }).click();
    await page.getByText('to the billionth of a dollar').waitFor();
  });

  it('says where a call would go, shows the configuration and puts an older one back', async () => {
    const { body } = await gateway.admin('GET', '/admin/config');
    await gateway.admin('PUT', '/admin/config?note=a%20route%20more', {
      ...(body.config as object),
      models: { ...(body.config as { models: object }).models, extra: { targets: ['echo/empty', 'echo/ok'] } },
    });
    await openConsole(page, gateway.url, gateway.adminKey);
    await visit(page, 'config', 'Configuration');
    await page.getByLabel('Model or route').fill('extra');
    await page.getByRole('button', { name: 'Explain' }).click();
    const targets = page.getByRole('region', { name: 'Where extra goes' }).getByRole('row');
    await targets.nth(2).waitFor();
    expect(await targets.nth(1).textContent()).toContain('echo/empty');
    expect(await targets.nth(2).textContent()).toContain('echo/ok');
    await page.getByRole('row').filter({ hasText: 'a route more' }).getByText('in force').waitFor();
    await page.getByRole('button', { name: 'Go back to version 0' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Go back to it' }).click();
    await page.getByRole('heading', { name: 'In force: the file of the deployment' }).waitFor();
    expect((await gateway.admin('GET', '/admin/config')).body.config).toEqual(body.config);
  });

  it('shows what the cache spares, and forgets its answers', async () => {
    const cached = { model: 'faq', messages: [{ role: 'user', content: 'The same as ever' }] };
    const ask = async () =>
      (
        await fetch(`${gateway.url}/v1/chat/completions`, {
          method: 'POST',
          headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
          body: JSON.stringify(cached),
        })
      ).headers.get('x-sluice-cache');
    expect(await ask()).toBe('miss');
    await expect.poll(ask).toBe('hit');
    await expect
      .poll(async () => (await gateway.admin('GET', '/admin/cache/stats')).body.total)
      .toMatchObject({ hits: expect.any(Number), hit_rate: expect.any(Number) });
    await openConsole(page, gateway.url, gateway.adminKey);
    await visit(page, 'cache', 'Cache');
    await page.getByText('Needed no provider').waitFor();
    await page.getByRole('button', { name: 'Forget answers' }).click();
    await page.getByLabel('Which').selectOption('all');
    await page.getByRole('button', { name: 'Forget them' }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await page.locator('#announcer').textContent()).toBe('The answers are forgotten.');
  });

  describe('everybody can use it', () => {
    const audit = async (where: string) => {
      const { violations } = await new AxeBuilder({ page })
        .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
        .analyze();
      return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${where}: ${id} at ${node.target.join(' ')}`));
    };

    it.each(['light', 'dark'] as const)('finds no fault with any section in %s', { timeout: 240_000 }, async (scheme) => {
      await page.emulateMedia({ colorScheme: scheme });
      await page.goto(`${gateway.url}/console`);
      await page.getByLabel('Admin key or virtual key').waitFor();
      const faults = await audit('the way in');
      await openConsole(page, gateway.url, gateway.adminKey);
      for (const [fragment, heading] of [...adminSections, [`keys/${gateway.limitedKeyId}`, 'Keys']] as const) {
        await visit(page, fragment, heading);
        faults.push(...(await audit(fragment)));
      }
      await page.getByRole('button', { name: 'Edit' }).click();
      faults.push(...(await audit('the dialog')));
      await page.keyboard.press('Escape');
      await visit(page, 'requests', 'Requests');
      await page.getByRole('row').getByRole('link').first().click();
      await page.getByText('The record itself').waitFor();
      faults.push(...(await audit('a request')));
      await page.getByRole('button', { name: 'Forget key' }).click();
      await openConsole(page, gateway.url, gateway.limitedKey);
      for (const [fragment, heading] of ownSections) {
        await visit(page, fragment, heading);
        faults.push(...(await audit(`own ${fragment}`)));
      }
      expect(faults).toEqual([]);
    });

    it.each([360, 768, 1440])('never scrolls sideways at %i px', async (width) => {
      await page.setViewportSize({ width, height: 800 });
      await openConsole(page, gateway.url, gateway.adminKey);
      for (const [fragment, heading] of [...adminSections, [`keys/${gateway.limitedKeyId}`, 'Keys']] as const) {
        await visit(page, fragment, heading);
        const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        expect(overflow, fragment).toBeLessThanOrEqual(0);
      }
    });

    it('goes from the key to a section with the keyboard alone', async () => {
      await page.goto(`${gateway.url}/console`);
      await page.getByLabel('Admin key or virtual key').waitFor();
      await page.keyboard.type(gateway.adminKey);
      await page.keyboard.press('Enter');
      await page.getByRole('navigation', { name: 'Sections' }).waitFor();
      const keys = page.getByRole('link', { name: 'Keys', exact: true });
      for (let presses = 0; presses < 20; presses += 1) {
        await page.keyboard.press('Tab');
        if (await keys.evaluate((link) => link.matches(':focus-visible'))) break;
      }
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 2, name: 'Virtual keys' }).waitFor();
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Keys');
      expect(await keys.getAttribute('aria-current')).toBe('page');
    });

    it('remembers a chosen theme', async () => {
      await page.emulateMedia({ colorScheme: 'light' });
      await page.goto(`${gateway.url}/console`);
      const ground = () => page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
      const light = await ground();
      await page.getByRole('button', { name: 'Theme: system' }).click();
      await page.getByRole('button', { name: 'Theme: light' }).click();
      await page.getByRole('button', { name: 'Theme: dark' }).waitFor();
      const dark = await ground();
      expect(dark).not.toBe(light);
      await page.reload();
      await page.getByRole('button', { name: 'Theme: dark' }).waitFor();
      expect(await ground()).toBe(dark);
    });
  });

  it('says so when the gateway is gone, and goes on when it is back', async () => {
    await openConsole(page, gateway.url, gateway.adminKey);
    await visit(page, 'overview', 'Overview');
    await context.setOffline(true);
    await page.evaluate("location.hash = 'keys'");
    await page.getByRole('alert').getByText('does not answer').waitFor();
    await context.setOffline(false);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { level: 2, name: 'Virtual keys' }).waitFor();
  });

  it('shows what callers made up as text, never as markup', async () => {
    const planted = '<img src=x onerror="document.title=\'broken\'">';
    const { id } = await gateway.createKey({ name: planted, tags: { planted } });
    await openConsole(page, gateway.url, gateway.adminKey);
    await visit(page, `keys/${id}`, 'Keys');
    await page.getByRole('heading', { level: 2, name: planted }).waitFor();
    expect(await page.locator('main img').count()).toBe(0);
    expect(await page.title()).toBe('Keys · Sluice console');
  });
});
