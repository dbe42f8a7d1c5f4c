// The page of one read: its plate, its pictures, and setting the plate right.

import { assert, inspect, send } from '../lib.mjs';

async function pictures(page) {
  const broken = await page.evaluate(() => [...document.images].filter((image) =>
    image.loading !== 'lazy' && !(image.complete && image.naturalWidth > 0)).map((image) => image.src));
  assert(broken.length === 0, `broken images: ${broken}`);
  const zoom = page.getByRole('button', { name: 'Closer' });
  await zoom.focus();
  await page.keyboard.press('Enter');
  const pan = page.locator('.viewer .pan');
  const wide = () => pan.evaluate((box) => box.scrollWidth / box.clientWidth);
  assert(await wide() > 2 && await zoom.getAttribute('aria-pressed') === 'true', 'it does not come closer');
  await pan.focus();
  const before = await pan.evaluate((box) => box.scrollLeft);
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction((from) => document.querySelector('.pan').scrollLeft !== from, before);
  await page.evaluate(() => scrollTo(0, 0));
  await inspect(page, 'capture-zoom');
  await zoom.click();
  assert(await wide() === 1, 'it does not go back');
  await page.getByRole('link', { name: 'Vehicle', exact: true }).click();
  await page.waitForURL(/image=vehicle/);
}

// The keys: n and p through all reads, N and P through those of the camera.
async function neighbours(page, base, id) {
  await page.goto(`${base}/captures/${id}`);
  await Promise.all([page.waitForNavigation(), page.keyboard.press('p')]);
  assert(!page.url().includes(id), 'p stays');
  await Promise.all([page.waitForNavigation(), page.keyboard.press('n')]);
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Shift+P')]);
  assert(!page.url().includes(id), 'P stays');
}

export async function capture({ page, base, id }) {
  const here = `${base}/captures/${id}`;
  await page.goto(here);
  assert((await page.content()).includes('BRW101'), 'the capture page does not show its plate');
  await inspect(page, 'capture');
  await pictures(page);
  await neighbours(page, base, id);

  await page.goto(here);
  await page.getByRole('link', { name: 'Correct', exact: true }).click();
  await page.waitForURL(/correct=1/);
  await inspect(page, 'capture-correct');
  await page.fill('#f-plate', 'brw 1o1');
  await page.selectOption('#f-region', 'us-va');
  await page.locator('#f-plate').press('Enter');
  await page.waitForURL(/done=corrected/);
  const text = await page.innerText('#plate');
  assert(text.includes('Read as') && text.includes('BRW101'), `the original is gone: ${text}`);
  assert((await page.innerText('.ident')).includes('BRW1O1'), 'the plate is not corrected');
  await inspect(page, 'capture-corrected');
  await page.goto(`${base}/plates/BRW1O1`);
  assert((await page.innerText('main')).includes('Corrected reads'), 'the plate page knows no correction');
  await inspect(page, 'plate-corrected');
  await page.goto(here);
  await send(page, `/captures/${id}/plate/undo`);
  assert((await page.innerText('.ident')).includes('BRW101'), 'the correction is not undone');
}
