// Search: box, fields and chips write each other; keys; proposals; saved searches; every state.

import { assert, fail, inspect, shots } from '../lib.mjs';

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

// Proposals while typing: chosen with the arrows, taken with Enter, closed with Escape.
async function proposals(page, base) {
  await page.goto(`${base}/search`);
  const box = page.locator('main input[name="q"]');
  await box.pressSequentially('col');
  const list = page.getByRole('listbox', { name: 'Proposals' });
  assert(await list.getByRole('option').first().textContent().then((text) => text.startsWith('color:')), 'no filter proposed');
  await inspect(page, 'search-proposals', [1280]);
  await box.press('ArrowDown');
  await box.press('Enter');
  assert(await box.inputValue() === 'color:', `taking a filter wrote ${await box.inputValue()}`);
  await box.press('ArrowDown');
  await box.press('Tab');
  assert(await box.inputValue() === 'color:silver-gray ', `taking a value wrote ${await box.inputValue()}`);
  await box.pressSequentially('cam');
  await box.press('Escape');
  assert(await list.isHidden(), 'Escape leaves the proposals open');
  await Promise.all([page.waitForNavigation(), box.press('Backspace').then(() => box.press('Backspace')).then(() => box.press('Backspace')).then(() => box.press('Enter'))]);
  assert(await page.locator('[data-rows] a.hit').count() >= 6, 'the proposed search finds nothing');
}

// Saving a search with the keyboard alone; the toast; the menu.
async function saved(page, base) {
  await page.goto(`${base}/search?color=silver-gray&view=grid`);
  await page.getByText('Save search').first().focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('Silver <b>cars</b>');
  await inspect(page, 'search-save', [320, 1280]);
  await page.locator('#save-name').focus();
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  const toast = page.locator('.toast');
  await toast.getByText('Search saved.').waitFor();
  assert(!page.url().includes('done='), `the address keeps what was done: ${page.url()}`);
  await toast.hover();
  await inspect(page, 'search-toast', [320, 1280]);
  await toast.getByRole('button').click();
  assert(await toast.count() === 0, 'the toast stays');
  await page.getByText('Saved', { exact: true }).click();
  await inspect(page, 'search-saved', [320, 1280]);
  await page.keyboard.press('Escape');
  await page.goto(`${base}/searches`);
  await inspect(page, 'searches');
  await page.locator('summary', { hasText: 'Rename' }).first().click();
  await inspect(page, 'searches-rename', [320, 1280]);
  page.removeAllListeners('dialog');
  page.once('dialog', (dialog) => dialog.accept());
  await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: /^Delete/ }).first().click()]);
  page.on('dialog', (dialog) => {
    fail(`dialog on ${page.url()}: ${dialog.message()}`);
    dialog.dismiss();
  });
  await inspect(page, 'searches-empty');
}

// A search that is not understood, and one that finds nothing.
async function mistakes(page, base) {
  await page.goto(`${base}/search?q=${encodeURIComponent('camera:gaet \u202eBRW101')}`);
  assert(await page.locator('mark').textContent() === 'camera:gaet', 'the mistake is not marked');
  await inspect(page, 'search-bad');
  await Promise.all([page.waitForNavigation(), page.getByRole('link', { name: 'camera:Gate' }).click()]);
  await page.goto(`${base}/search?q=plate:NOTHING+color:silver-gray+after:2031-01-01`);
  await inspect(page, 'search-empty');
}

// What the form opens when asked: dates, and the rarer filters.
async function folds(page, base) {
  await page.goto(`${base}/search`);
  assert(await page.locator('#s-after').isHidden(), 'dates show unasked');
  await page.selectOption('#s-when', 'pick');
  await page.getByText('More filters').click();
  assert(await page.locator('#s-after').isVisible(), 'dates do not show');
  await inspect(page, 'search-form', [768, 1280]);
  await page.fill('#s-after', '2020-01-01');
  await page.selectOption('#s-body', 'suv-crossover');
  await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: 'Apply filters' }).click()]);
  const url = new URL(page.url());
  assert(url.search === '?after=2020-01-01&body=suv-crossover' || url.search === '?body=suv-crossover&after=2020-01-01',
    `the form leads to ${url.search}`);
  assert(await page.locator('#s-after').isVisible(), 'picked dates are hidden');
}

// The bottom bar of phones, and what is behind its last place.
async function phone(page, base) {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`${base}/search`);
  const bar = page.locator('nav.bottom');
  assert(await bar.locator(':scope > *').count() <= 5, 'the bottom bar has too many places');
  await bar.getByText('More').click();
  await inspect(page, 'phone-more', [320, 390]);
  await page.setViewportSize({ width: 390, height: 844 });
  await Promise.all([page.waitForNavigation(), bar.getByRole('link', { name: 'Vehicles' }).click()]);
  assert(page.url() === `${base}/vehicles`, `More leads to ${page.url()}`);
  await page.setViewportSize({ width: 1280, height: 900 });
}

// The sheet is one of the system's colors, of high contrast, and on paper.
async function looks(page, base) {
  await page.goto(`${base}/search`);
  await page.emulateMedia({ forcedColors: 'active' });
  const shows = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth + 1);
  assert(await shows(), 'too wide with forced colors');
  if (shots) await page.screenshot({ path: `${shots}/search-forced-colors.png` });
  await page.emulateMedia({ forcedColors: null, contrast: 'more' });
  if (shots) await page.screenshot({ path: `${shots}/search-contrast.png` });
  await page.emulateMedia({ contrast: null, media: 'print' });
  assert(await page.locator('main input[name="q"]').isHidden(), 'the box is printed');
  assert(await page.locator('[data-rows] a.hit').first().isVisible(), 'the rows are not printed');
  if (shots) await page.screenshot({ path: `${shots}/search-print.png`, fullPage: true });
  await page.emulateMedia({ media: null, colorScheme: 'light', reducedMotion: 'reduce' });
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
  await folds(page, base);
  await proposals(page, base);
  await saved(page, base);
  await mistakes(page, base);
  await phone(page, base);
  await looks(page, base);
}
