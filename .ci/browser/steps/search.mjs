// Search: box, fields and chips write each other; keys; grid; nothing found.

import { assert, inspect } from '../lib.mjs';

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

export async function search({ page, base }) {
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
}
