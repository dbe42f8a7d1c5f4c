// Reads as they happen: the list and the wall get them without a reload, hold them while somebody
// looks, and go on without a stream.

import { assert, inspect, post, read } from '../lib.mjs';

// Numbers of the dashboard: plates read, records kept.
export const counts = (page) => page.evaluate(() => ['plates', 'kept'].map((id) =>
  Number(document.querySelector(`[data-stat="${id}"]`).textContent.replace(/,/g, ''))));

// How much the page moved since it was loaded.
export const shift = (page) => page.evaluate(() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) sum += entry.value;
  }).observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => done(sum), 300);
}));

const first = (page, plate) => page.locator('[data-live-rows] > tbody > tr, [data-live-rows] table > tbody > tr, ul[data-live-rows] > li').first().getByText(plate);
const connected = (page) => page.getByText('Connected').waitFor();

async function alert(base, key, number) {
  const group = read(number);
  const answer = await fetch(`${base}/api/webhook`, {
    method: 'POST',
    headers: { 'X-Api-Key': key, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      data_type: 'alpr_alert', version: 1, epoch_time: Math.floor(Date.now() / 1000), agent_uid: group.agent_uid,
      alert_list: 'Stolen <b>cars</b>', alert_list_id: 12, alert_list_type: 'blacklist', list_type: 'blacklist',
      plate_number: group.best_plate_number, description: 'Case 26-1187', site_name: 'Gate', camera_name: 'Gate',
      camera_number: group.camera_id, group,
    }),
  });
  assert(answer.status === 200, `alert: ${answer.status}`);
}

export async function live({ page, base, key }) {
  await page.goto(`${base}/live`);
  await connected(page);
  assert(await shift(page) === 0, 'the live page moves while it loads');
  await inspect(page, 'live');
  await page.evaluate(() => (window.unloaded = false));

  await post(base, key, 301);
  await first(page, 'BRW401').waitFor();
  const picture = page.locator('[data-live-rows] tbody tr').first().locator('img.crop');
  await picture.evaluate((image) => image.decode());
  assert((await page.locator('[data-live-rows] tbody tr').first().innerText()).includes('BMW X3'), 'no vehicle in the new row');

  // Paused, reads wait and are counted in the title.
  await page.getByRole('button', { name: 'Pause' }).click();
  await post(base, key, 302);
  await page.waitForFunction(() => document.title.startsWith('(1) '));
  assert(await page.getByText('BRW402').count() === 0, 'a read came in while paused');
  await page.getByRole('button', { name: 'Go on' }).click();
  await first(page, 'BRW402').waitFor();
  assert(!(await page.title()).startsWith('('), 'the title still counts');

  // Under the pointer nothing moves.
  await page.locator('[data-live-rows] tbody tr').first().hover();
  await post(base, key, 303);
  await page.waitForFunction(() => document.title.startsWith('(1) '));
  assert(await page.getByText('BRW403').count() === 0, 'rows moved under the pointer');
  await page.mouse.move(1, 1);
  await first(page, 'BRW403').waitFor();

  // An alert about a read that is shown marks its row in place.
  await alert(base, key, 304);
  await first(page, 'BRW404').waitFor();
  assert(await page.locator('[data-live-rows] tbody tr').first().locator('.plate.watch').count() === 1, 'the alert left no mark');
  await page.getByRole('button', { name: 'Sound' }).click();
  await inspect(page, 'live-alert');
  assert(await page.evaluate(() => window.unloaded === false), 'the live page was loaded again');

  await Promise.all([page.waitForNavigation(), page.selectOption('#f-camera', { label: 'Gate' })]);
  assert(page.url().includes('camera=BROWSERTEST%2F1'), `the camera leads to ${page.url()}`);
  await first(page, 'BRW404').waitFor();

  await page.goto(`${base}/live/wall`);
  await connected(page);
  assert(await page.evaluate(() => document.documentElement.dataset.theme) === 'dark', 'the wall is not dark');
  await inspect(page, 'wall');
  await alert(base, key, 305);
  const bell = page.getByRole('alert');
  await bell.waitFor();
  assert((await bell.innerText()).includes('BRW405 is on the list Stolen <b>cars</b>'), await bell.innerText());
  await page.locator('.plate.xxl').getByText('BRW405').waitFor();
  await inspect(page, 'wall-alarm');
  await page.getByRole('button', { name: 'Acknowledge' }).click();
  assert(await bell.count() === 0, 'the alarm stays');
  await withoutStream(page, base, key);
}

// Without a stream the page asks every ten seconds, and says that it does.
async function withoutStream(page, base, key) {
  const other = await page.context().newPage();
  await other.route('**/live/stream*', (route) => route.fulfill({ status: 503 }));
  await other.goto(`${base}/live`);
  await other.getByText('Checking every 10 s').waitFor();
  await post(base, key, 306);
  await first(other, 'BRW406').waitFor({ timeout: 15000 });
  await other.route('**/live/recent*', (route) => route.abort());
  await other.getByText('Reconnecting').waitFor({ timeout: 15000 });
  assert(await other.getByText('BRW406').count() === 1, 'rows went away');
  await other.close();
  console.log('ok   live without a stream');
}
