// Walks through the box as its first visitor would, in a real browser: set-up, first read,
// dashboard, search, capture, signing out and in. Fails on a console error, a violation of the
// content policy, a request to anybody else, or an accessibility violation in any of two themes
// and three widths.
//
// OPENALPR_WEBHOOK_BIN  the binary (target/debug/openalpr-webhook)
// CHROMIUM              the browser (/usr/bin/chromium)
// SCREENSHOTS           folder for pictures of every page; none are taken without it

import { spawn } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');
const binary = resolve(root, process.env.OPENALPR_WEBHOOK_BIN ?? 'target/debug/openalpr-webhook');
const axe = readFileSync(join(here, 'node_modules/axe-core/axe.min.js'), 'utf8');
const shots = process.env.SCREENSHOTS;
const password = 'correct horse battery staple';
const widths = [320, 768, 1280];
const problems = [];

// One white pixel; the box checks that it is a JPEG.
const jpeg =
  '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////' +
  '////////////////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAA' +
  'AAD/2gAIAQEAAD8AN//Z';

function fail(text) {
  problems.push(text);
  console.log(`FAIL ${text}`);
}

function assert(condition, text) {
  if (!condition) throw new Error(text);
}

function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

async function healthy(base, child) {
  for (let i = 0; i < 400; i++) {
    assert(child.exitCode === null, `the server ended with ${child.exitCode}`);
    const answer = await fetch(`${base}/healthz`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error('the server is not healthy after 20 s');
}

function read(number) {
  const start = Date.now() - 5000;
  const uuid = `BROWSERTEST-1-${start}${number}`;
  return {
    data_type: 'alpr_group', version: 3, epoch_start: start, epoch_end: start + 900,
    agent_uid: 'BROWSERTEST', agent_version: '4.1.1', agent_type: 'alprd', camera_id: 1, country: 'us',
    best_uuid: uuid, uuids: [uuid], best_plate_number: `BRW${100 + number}`, best_confidence: 91.5,
    best_region: 'us-md', best_region_confidence: 88, travel_direction: 90.5,
    best_plate: { plate: `BRW${100 + number}`, confidence: 91.5, plate_crop_jpeg: jpeg,
      coordinates: [{ x: 1, y: 1 }, { x: 9, y: 1 }, { x: 9, y: 5 }, { x: 1, y: 5 }] },
    candidates: [{ plate: `BRW${100 + number}`, confidence: 91.5, matches_template: 0 }],
    vehicle_crop_jpeg: jpeg, overview_jpeg: jpeg, best_image_width: 1280, best_image_height: 720,
    vehicle: {
      color: [{ name: 'silver-gray', confidence: 80 }], make: [{ name: 'bmw', confidence: 60 }],
      make_model: [{ name: 'bmw_x3', confidence: 50 }], body_type: [{ name: 'suv-crossover', confidence: 90 }],
      year: [{ name: '2010-2014', confidence: 40 }],
    },
    web_server_config: { camera_label: 'Gate', agent_label: '<b>North</b>' },
  };
}

async function post(base, key, number) {
  const answer = await fetch(`${base}/api/webhook`, {
    method: 'POST',
    headers: { 'X-Api-Key': key, 'Content-Type': 'application/json' },
    body: JSON.stringify(read(number)),
  });
  const body = await answer.json();
  assert(answer.status === 200 && body.status === 'stored', `post: ${answer.status} ${JSON.stringify(body)}`);
  return body.id;
}

function watch(page, base) {
  page.on('console', (message) => {
    if (message.type() === 'error') fail(`console on ${page.url()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => fail(`script on ${page.url()}: ${error.message}`));
  page.on('dialog', (dialog) => {
    fail(`dialog on ${page.url()}: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(base) && !url.startsWith('data:') && !url.startsWith('blob:')) {
      fail(`${page.url()} asks ${url}`);
    }
  });
  page.on('response', (response) => {
    if (response.status() >= 400) fail(`${response.url()} answers ${response.status()}`);
  });
}

// Looks at the current page in both themes and all widths.
async function inspect(page, name) {
  for (const theme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 });
      // The content policy forbids inline scripts; evaluate goes around it, as developer tools do.
      await page.evaluate(axe);
      const result = await page.evaluate(() => window.axe.run(document, {
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
      }));
      for (const violation of result.violations) {
        const where = violation.nodes.slice(0, 3).map((node) => node.target.join(' ')).join(', ');
        fail(`axe: ${name} ${theme} ${width}: ${violation.id}: ${violation.help}: ${where}`);
      }
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (wide > 1) fail(`${name} ${theme} ${width}: ${wide} px too wide`);
      if (shots) await page.screenshot({ path: join(shots, `${name}-${theme}-${width}.png`), fullPage: true });
    }
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  await page.setViewportSize({ width: 1280, height: 900 });
  console.log(`ok   ${name}`);
}

// The keys of the help dialog, and the link that skips the navigation.
async function keyboard(page, base) {
  await page.goto(`${base}/search`);
  await page.keyboard.press('Tab');
  const skip = page.locator('a.skip');
  const box = await skip.boundingBox();
  assert(box && box.y >= 0 && await skip.evaluate((link) => link === document.activeElement), 'no skip link');
  await page.keyboard.press('/');
  const focused = () => page.evaluate(() => document.activeElement.matches('main [data-search]'));
  assert(await focused(), '/ does not lead to the box');
  await page.keyboard.press('Tab');
  await page.keyboard.press('?');
  assert(await page.locator('#keys').evaluate((dialog) => dialog.open), '? does not open the help');
  await page.keyboard.press('Escape');
  assert(!await page.locator('#keys').evaluate((dialog) => dialog.open), 'Escape does not close the help');
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await page.keyboard.press('k');
  const first = await page.locator('[data-rows] a.hit').first().getAttribute('href');
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  assert(page.url() === `${base}${first}`, `Enter opens ${page.url()}`);
  console.log('ok   keyboard');
}

// Clicks the button of the form that posts to `action` and waits for the next page.
async function send(page, action) {
  await Promise.all([
    page.waitForNavigation({ waitUntil: 'load' }),
    page.locator(`form[action="${action}"] [type="submit"], form[action="${action}"] button:not([type="button"])`).first().click(),
  ]);
}

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

  await page.goto(`${base}/search`);
  await page.locator('input[name="q"]').last().fill('plate:BRW10*');
  await Promise.all([page.waitForNavigation(), page.locator('input[name="q"]').last().press('Enter')]);
  const found = await page.locator('a[href^="/captures/"]').count();
  assert(found >= 6, `the search shows ${found} links to reads`);
  await inspect(page, 'search');
  // What the fields say, the box says too, and the other way round.
  await page.fill('#s-plate', 'brw10');
  await page.selectOption('#s-match', 'prefix');
  await page.selectOption('#s-color', 'silver-gray');
  await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: 'Apply filters' }).click()]);
  const written = await page.inputValue('main input[name="q"]');
  assert(written === 'plate:brw10* color:silver-gray', `the fields wrote ${written}`);
  assert(await page.inputValue('#s-match') === 'prefix', 'the field forgot how to match');
  assert(await page.locator('[data-rows] a.hit').count() === 6, 'the fields find other reads than the box');
  await Promise.all([page.waitForNavigation(), page.locator('.chip a').first().click()]);
  assert(await page.inputValue('main input[name="q"]') === 'color:silver-gray', 'the chip is still there');

  await keyboard(page, base);
  await page.goto(`${base}/search?view=grid`);
  await inspect(page, 'search-grid');
  await page.goto(`${base}/search?q=plate:NOTHING`);
  await inspect(page, 'search-empty');

  await page.goto(`${base}/captures/${id}`);
  assert((await page.content()).includes('BRW101'), 'the capture page does not show its plate');
  const broken = await page.evaluate(() => [...document.images].filter((image) =>
    image.loading !== 'lazy' && !(image.complete && image.naturalWidth > 0)).map((image) => image.src));
  assert(broken.length === 0, `broken images: ${broken}`);
  await inspect(page, 'capture');

  await page.goto(`${base}/profile`);
  await inspect(page, 'profile');
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
