// Walks through the box as its first visitor would, in a real browser: set-up, first read,
// dashboard, search, capture, signing out and in. Fails on a console error, a violation of the
// content policy, a request to anybody else, or an accessibility violation in any of two themes
// and three widths.
//
// OPENALPR_WEBHOOK_BIN  the binary (target/debug/openalpr-webhook)
// CHROMIUM              the browser (/usr/bin/chromium)
// SCREENSHOTS           folder for pictures of every page; none are taken without it

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { assert, binary, fail, freePort, healthy, inspect, password, post, problems, send, shots, watch } from './lib.mjs';
import { account } from './steps/account.mjs';
import { agents } from './steps/agents.mjs';
import { alerts } from './steps/alerts.mjs';
import { audit } from './steps/audit.mjs';
import { bans } from './steps/bans.mjs';
import { capture } from './steps/capture.mjs';
import { take } from './steps/export.mjs';
import { general } from './steps/general.mjs';
import { factor } from './steps/factor.mjs';
import { notifications } from './steps/notifications.mjs';
import { plate } from './steps/plate.mjs';
import { dashboard } from './steps/dashboard.mjs';
import { live } from './steps/live.mjs';
import { print } from './steps/print.mjs';
import { search } from './steps/search.mjs';
import { trust } from './steps/trust.mjs';
import { users } from './steps/users.mjs';
import { vehicles } from './steps/vehicles.mjs';
import { watches } from './steps/watches.mjs';

// What the owner does between the first read and signing out. A new page is a new file and a line here.
// Alerts come first: their list starts empty, and the live pages raise another.
const STEPS = [alerts, dashboard, live, search, vehicles, capture, print, take, general, plate, audit, agents, notifications, bans, watches, users, account, trust, factor];

async function journey(page, base) {
  await page.goto(`${base}/`);
  assert(page.url().startsWith(`${base}/setup`), `a fresh box leads to ${page.url()}`);
  await inspect(page, 'setup-account');
  await page.fill('input[name="username"]', 'owner');
  await page.fill('input[name="name"]', 'Olive Owner');
  await page.fill('input[name="email"]', 'owner@example.org');
  await page.fill('input[name="password"]', password);
  await send(page, '/setup');

  assert(page.url() === `${base}/setup/place`, `after the account: ${page.url()}`);
  await inspect(page, 'setup-place');
  await page.fill('input[name="box_name"]', 'North Gate');
  await send(page, '/setup/place');

  assert(page.url() === `${base}/setup/key`, `after the place: ${page.url()}`);
  await inspect(page, 'setup-key-before');
  await send(page, '/setup/key');
  await inspect(page, 'setup-key');
  const text = await page.evaluate(() => document.body.innerText +
    [...document.querySelectorAll('input, textarea')].map((field) => `\n${field.value}`).join(''));
  const key = text.match(/API_KEY"?\s*[:=]\s*"?([A-Za-z0-9_.-]{16,})/)?.[1];
  assert(key, `no key on the page: ${text.slice(0, 500)}`);

  await page.goto(`${base}/setup/first-read`);
  await inspect(page, 'setup-wait');
  const id = await post(base, key, 1);
  await page.getByText('BRW101').first().waitFor({ timeout: 15000 });
  await inspect(page, 'setup-done');

  for (let number = 2; number <= 6; number++) await post(base, key, number);
  await page.goto(`${base}/`);
  assert((await page.content()).includes('BRW106'), 'the dashboard does not show the newest read');
  await inspect(page, 'dashboard');

  const box = { page, base, key, id };
  for (const step of STEPS) await step(box);

  await page.goto(`${base}/settings/webhook`);
  await inspect(page, 'webhook');

  await page.evaluate(() => document.querySelector('form[action="/sign-out"]').requestSubmit());
  await page.waitForURL(/sign-in/);
  await inspect(page, 'sign-in');
  await page.goto(`${base}/search`);
  assert(page.url().includes('/sign-in'), `signed out, yet at ${page.url()}`);
  await page.fill('input[name="username"]', 'owner');
  await page.fill('input[name="password"]', password);
  await send(page, '/sign-in');
  assert(!page.url().includes('/sign-in'), 'signing in again failed');
}

// Without scripts the pages still work: the forms are plain forms.
async function scriptless(browser, base) {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${base}/sign-in`);
  await page.fill('input[name="username"]', 'owner');
  await page.fill('input[name="password"]', password);
  await page.press('input[name="password"]', 'Enter');
  await page.waitForURL((url) => !url.pathname.startsWith('/sign-in'));
  await page.goto(`${base}/search?q=BRW103`);
  assert((await page.content()).includes('BRW103'), 'search does not work without scripts');
  // The fields, a saved search and its toast, the theme.
  await page.selectOption('#s-color', 'silver-gray');
  await page.getByRole('button', { name: 'Apply filters' }).click();
  await page.waitForURL(`${base}/search?plate=BRW103&color=silver-gray`);
  await page.getByText('Save search').first().click();
  await page.getByRole('button', { name: 'Save search' }).click();
  await page.waitForURL(/done=search/);
  assert(await page.locator('.toast').isVisible(), 'no toast without scripts');
  await page.getByText('Saved', { exact: true }).click();
  await page.getByRole('link', { name: 'BRW103, Silver gray' }).click();
  await page.waitForURL(`${base}/search?plate=BRW103&color=silver-gray`);
  await page.getByRole('button', { name: 'Switch between light and dark' }).click();
  await page.waitForSelector('html[data-theme="dark"]');
  await context.close();
  console.log('ok   without scripts');
}

const data = mkdtempSync(join(tmpdir(), 'openalpr-webhook-'));
const base = `http://127.0.0.1:${await freePort()}`;
const server = spawn(binary, ['serve', '--listen', base.slice(7), '--data', data], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
let browser;
try {
  if (shots) mkdirSync(shots, { recursive: true });
  await healthy(base, server);
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  const context = await browser.newContext({ reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(15000);
  watch(page, base);
  await journey(page, base);
  await scriptless(browser, base);
} catch (error) {
  fail(error.stack ?? String(error));
} finally {
  await browser?.close();
  server.kill('SIGKILL');
  rmSync(data, { recursive: true, force: true });
}
console.log(problems.length === 0 ? 'browser journey: passed' : `browser journey: ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
