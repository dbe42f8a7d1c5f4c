// Watches: the bell, the form with its trial, and the alert that follows with its acknowledgement.

import { assert, inspect, post, send } from '../lib.mjs';

export async function watches({ page, base, key, id }) {
  await page.goto(`${base}/alerts/custom`);
  await inspect(page, 'custom-alerts-empty');
  await page.goto(`${base}/watches`);
  await inspect(page, 'watches-empty');

  await page.goto(`${base}/captures/${id}`);
  await Promise.all([page.waitForNavigation(), page.getByRole('link', { name: 'Watch', exact: true }).click()]);
  assert(new URL(page.url()).pathname === '/watches/new', `the bell leads to ${page.url()}`);
  assert(await page.inputValue('#f-plate') === 'BRW101', 'the form does not have the plate');
  await page.fill('#f-plate', 'BRW*');
  await page.fill('#f-name', 'Front desk <b>');
  await page.fill('#f-description', 'Open the gate\nthen call');
  await inspect(page, 'watch-new');
  await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: 'Try on the last 30 days' }).click()]);
  assert((await page.innerText('#trial')).includes('would have matched'), 'the trial says nothing');
  assert(await page.inputValue('#f-name') === 'Front desk <b>', 'the trial forgets the form');
  await inspect(page, 'watch-trial');
  await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: 'Add watch' }).click()]);
  await page.locator('.toast').getByText('Saved.').waitFor();
  await inspect(page, 'watches');

  await page.goto(`${base}/watches/new?kind=search`);
  assert(await page.locator('#f-search').isVisible() && !await page.locator('#f-plate').isVisible(), 'kinds are mixed up');
  await page.goto(`${base}/watches/new?kind=unlisted`);
  await inspect(page, 'watch-unlisted');

  await post(base, key, 61);
  await page.goto(`${base}/`);
  assert((await page.innerText('main')).includes('Front desk <b>'), 'the dashboard does not show the alert');
  await page.goto(`${base}/alerts/custom`);
  await inspect(page, 'custom-alerts');
  await page.keyboard.press('j');
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  assert(/\/alerts\/custom\/[0-9a-f]{16}$/.test(page.url()), `a row leads to ${page.url()}`);
  await inspect(page, 'custom-alert');
  await page.fill('#f-note', 'Called <i>Ann</i>');
  await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: 'Acknowledge' }).click()]);
  assert((await page.innerText('main')).includes('Called <i>Ann</i>'), 'the note is not shown');
  await inspect(page, 'custom-alert-done');
  const alert = new URL(page.url()).pathname;
  await page.goto(`${base}${alert}/print`);
  await inspect(page, 'custom-alert-print');
  await page.goto(`${base}/watches`);
  await page.locator('a.hit').first().click();
  await page.waitForURL(/watches\/\d+$/);
  await inspect(page, 'watch');
}
