import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

const usualPlaces = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/opt/google/chrome/chrome'];

/** The Chromium of this machine: `CHROMIUM_PATH`, else where packages put it; undefined where there is none, or the variable is empty. */
export function findChromium(): string | undefined {
  const named = process.env.CHROMIUM_PATH;
  return named === undefined ? usualPlaces.find((path) => existsSync(path)) : named || undefined;
}

/** Starts a headless Chromium that talks to nobody but the page's own server. */
export function launchBrowser(executablePath: string): Promise<Browser> {
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run', '--no-pings'];
  return chromium.launch({ executablePath, headless: true, args: ['--no-sandbox', ...quiet] });
}

/** What a page did that it should not: errors, broken policies, requests to other hosts. */
export function watchPage(page: Page, ownUrl: string): string[] {
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(`threw ${error.message}`));
  page.on('console', (message) => {
    // A refusal is the gateway's answer, which the page shows; what else is an error there is one of the page.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) troubles.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${ownUrl}/`) && !request.url().startsWith('blob:')) troubles.push(`asked ${request.url()}`);
  });
  return troubles;
}

/** Opens the console with a key. */
export async function openConsole(page: Page, url: string, key: string): Promise<void> {
  await page.goto(`${url}/console`);
  await page.getByLabel('Admin key or virtual key').fill(key);
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByRole('navigation', { name: 'Sections' }).waitFor();
}

/** Goes to a section as a link does, and waits until it stands. */
export async function visit(page: Page, fragment: string, heading: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(fragment)}`);
  await page.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor();
  await page.locator('main .loading').waitFor({ state: 'detached' });
  await page.locator('main > :nth-child(2)').first().waitFor();
}
