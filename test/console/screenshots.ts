// Takes the pictures of the documentation: `node test/console/screenshots.ts`. Needs a Chromium on this machine.
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { findChromium, launchBrowser, openConsole, visit } from './browser.ts';
import { startLivedInGateway } from './month-of-calls.ts';

const folder = fileURLToPath(new URL('../../docs/images/', import.meta.url));

interface Picture {
  readonly name: string;
  readonly fragment: string;
  readonly heading: string;
  readonly scheme: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
  readonly virtualKey?: true;
  readonly prepare?: (page: Page) => Promise<unknown>;
}

const pictures: readonly Picture[] = [
  { name: 'overview', fragment: 'overview', heading: 'Overview', scheme: 'light', height: 1010 },
  { name: 'usage', fragment: 'usage', heading: 'Usage', scheme: 'dark' },
  { name: 'requests', fragment: 'requests', heading: 'Requests', scheme: 'light' },
  {
    name: 'request',
    fragment: 'requests',
    heading: 'Requests',
    scheme: 'dark',
    prepare: async (page) => {
      await page.getByRole('row').filter({ hasText: 'echo/error-503' }).getByRole('link').first().click();
      await page.getByText('Cost and tokens').first().waitFor();
    },
  },
  { name: 'keys', fragment: 'keys', heading: 'Keys', scheme: 'light', height: 520 },
  {
    name: 'new-key',
    fragment: 'keys',
    heading: 'Keys',
    scheme: 'light',
    prepare: (page) => page.getByRole('button', { name: 'New key' }).click(),
  },
  { name: 'limits', fragment: 'limits', heading: 'Teams & limits', scheme: 'dark' },
  {
    name: 'playground',
    fragment: 'playground',
    heading: 'Playground',
    scheme: 'light',
    virtualKey: true,
    height: 760,
    prepare: async (page) => {
      await page.getByLabel('Model').fill('smart');
      await page.getByRole('button', { name: 'Send' }).click();
      await page.getByText('answered', { exact: true }).waitFor();
      await page.locator('summary', { hasText: 'Headers of the gateway' }).click();
    },
  },
  {
    name: 'config',
    fragment: 'config',
    heading: 'Configuration',
    scheme: 'dark',
    prepare: async (page) => {
      await page.getByLabel('Model or route').fill('smart');
      await page.getByRole('button', { name: 'Explain' }).click();
      await page.getByText('no. 1 as configured').waitFor();
    },
  },
  { name: 'own-key', fragment: 'key', heading: 'This key', scheme: 'dark', virtualKey: true, height: 620 },
  { name: 'phone', fragment: 'overview', heading: 'Overview', scheme: 'dark', width: 360, height: 780 },
];

const only = process.argv.slice(2);
const chromium = findChromium();
if (chromium === undefined) throw new Error('There is no Chromium on this machine. Install one, or name it in CHROMIUM_PATH.');
mkdirSync(folder, { recursive: true });
const gateway = await startLivedInGateway();
const browser = await launchBrowser(chromium);
try {
  for (const picture of pictures) if (only.length === 0 || only.includes(picture.name)) await take(browser, picture);
} finally {
  await browser.close();
  await gateway.close();
}

async function take(
  from: Browser,
  { name, fragment, heading, scheme, width = 1280, height = 860, virtualKey, prepare }: Picture,
): Promise<void> {
  const page = await from.newPage({ viewport: { width, height }, colorScheme: scheme, deviceScaleFactor: 1 });
  await openConsole(page, gateway.url, virtualKey ? gateway.limitedKey : gateway.adminKey);
  await visit(page, fragment, heading);
  await prepare?.(page);
  await page.waitForTimeout(400);
  await page.screenshot({ path: `${folder}console-${name}.png` });
  await page.close();
}
