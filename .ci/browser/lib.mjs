// What every step of the browser journey needs: the box, reads to post, and eyes for a page.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../..');
export const binary = resolve(root, process.env.OPENALPR_WEBHOOK_BIN ?? 'target/debug/openalpr-webhook');
const axe = readFileSync(join(here, 'node_modules/axe-core/axe.min.js'), 'utf8');
export const shots = process.env.SCREENSHOTS;
export const password = 'correct horse battery staple';
const widths = [320, 768, 1280];
export const problems = [];

// One white pixel; the box checks that it is a JPEG.
export const jpeg =
  '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////' +
  '////////////////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAA' +
  'AAD/2gAIAQEAAD8AN//Z';

export function fail(text) {
  problems.push(text);
  console.log(`FAIL ${text}`);
}

export function assert(condition, text) {
  if (!condition) throw new Error(text);
}

export function freePort() {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

export async function healthy(base, child) {
  for (let i = 0; i < 400; i++) {
    assert(child.exitCode === null, `the server ended with ${child.exitCode}`);
    const answer = await fetch(`${base}/healthz`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error('the server is not healthy after 20 s');
}

export function read(number) {
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

export async function post(base, key, number) {
  const answer = await fetch(`${base}/api/webhook`, {
    method: 'POST',
    headers: { 'X-Api-Key': key, 'Content-Type': 'application/json' },
    body: JSON.stringify(read(number)),
  });
  const body = await answer.json();
  assert(answer.status === 200 && body.status === 'stored', `post: ${answer.status} ${JSON.stringify(body)}`);
  return body.id;
}

export function watch(page, base) {
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

// Looks at the current page in both themes and all widths, or those of `only`.
export async function inspect(page, name, only = widths) {
  for (const theme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    for (const width of only) {
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

// Clicks the button of the form that posts to `action` and waits for the next page.
export async function send(page, action) {
  await Promise.all([
    page.waitForNavigation({ waitUntil: 'load' }),
    page.locator(`form[action="${action}"] [type="submit"], form[action="${action}"] button:not([type="button"])`).first().click(),
  ]);
}
