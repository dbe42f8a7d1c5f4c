// The dashboard: its ranges, its charts' values, and a read that comes to it while it is open.

import { assert, inspect, post } from '../lib.mjs';
import { counts, shift } from './live.mjs';

export async function dashboard({ page, base, key }) {
  for (const range of ['today', 'week', 'month', 'year']) {
    await page.goto(`${base}/?range=${range}`);
    assert(await page.locator('.seg [aria-current]').count() === 1, `no range is current: ${range}`);
    const charts = await page.locator('svg[role="img"]').evaluateAll((all) => all.map((svg) => svg.getAttribute('aria-label')));
    assert(charts.length >= 5 && charts.every((text) => text?.length > 10), `charts say: ${charts}`);
  }
  await inspect(page, 'dashboard-year');
  const high = await page.evaluate(() => document.documentElement.scrollHeight - document.querySelector('main').offsetHeight);
  assert(high < 400, `the dashboard goes on ${high} px below its end`);

  await page.goto(`${base}/`);
  const before = await counts(page);
  assert(await shift(page) === 0, 'the dashboard moves while it loads');
  await page.evaluate(() => (window.unloaded = false));
  await page.waitForFunction(() => performance.getEntriesByType('resource').length > 0);
  await post(base, key, 310);
  await page.locator('[data-live-rows] tbody tr').first().getByText('BRW410').waitFor();
  assert(await page.evaluate(() => window.unloaded === false), 'the dashboard was loaded again');
  const rows = await page.locator('[data-live-rows] tbody tr').count();
  assert(rows <= 10, `${rows} rows`);
  await page.waitForFunction(([plates]) => {
    const number = (id) => Number(document.querySelector(`[data-stat="${id}"]`).textContent.replace(/,/g, ''));
    return number('plates') === plates + 1;
  }, before);
  await inspect(page, 'dashboard-live');
}
