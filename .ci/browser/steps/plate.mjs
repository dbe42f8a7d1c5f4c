// Plates: what people write about one, the list of known ones, and the keyboard on both.

import { assert, inspect, send } from '../lib.mjs';

export async function plate({ page, base }) {
  const here = `${base}/plates/BRW101`;
  await page.goto(here);
  await inspect(page, 'plate');
  const high = await page.evaluate(() => document.documentElement.scrollHeight - document.querySelector('main').offsetHeight);
  assert(high < 400, `the plate page goes on ${high} px below its end`);

  await page.locator('#about summary').focus();
  await page.keyboard.press('Enter');
  await page.fill('#f-name', 'Priya N.');
  await page.fill('#f-tags', 'Staff, permit 0417');
  await page.fill('#f-notes', 'Bay 12\nAsk reception');
  await inspect(page, 'plate-edit');
  await send(page, '/plates/BRW101');
  await page.locator('.toast').getByText('Saved.').waitFor();
  const text = await page.innerText('main');
  for (const part of ['Priya N.', 'staff', 'permit 0417', 'Bay 12\nAsk reception']) {
    assert(text.includes(part), `the plate page does not show ${part}`);
  }

  // The second tag is completed too: the list offers what stands before it as well.
  await page.goto(`${base}/plates/BRW102?edit=1`);
  await page.locator('#f-tags').pressSequentially('van, st');
  const offered = await page.evaluate(() =>
    [...document.querySelectorAll('#tags-known option')].map((option) => option.value));
  assert(offered.includes('van, staff'), `offered: ${offered}`);
  await send(page, '/plates/BRW102');

  await page.goto(`${base}/plates/BRW103`);
  await send(page, '/plates/BRW103/ignore');
  assert((await page.innerText('main')).includes('Stop ignoring'), 'ignoring left no trace');
  await inspect(page, 'plate-ignored');

  await page.goto(`${base}/plates`);
  await inspect(page, 'plates');
  await page.keyboard.press('j');
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  assert(page.url() === here, `Enter opens ${page.url()}`);
  await page.goto(`${base}/plates?tag=staff`);
  const rows = await page.locator('[data-rows] a.hit').count();
  assert(rows === 1, `${rows} plates have the tag`);
  await page.getByRole('link', { name: 'Search their reads' }).click();
  assert((await page.innerText('main')).includes('BRW101'), 'the tag does not find its reads');
  await page.goto(`${base}/plates/NEVER1`);
  await inspect(page, 'plate-unread');
}
