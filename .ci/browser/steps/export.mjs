// Export: the page, a table with its progress, an archive with its progress.

import { readFileSync } from 'node:fs';
import { assert, inspect } from '../lib.mjs';

export async function take({ page, base }) {
  await page.goto(`${base}/search?q=plate:BRW10*`);
  await Promise.all([page.waitForNavigation(), page.getByRole('link', { name: 'Export', exact: true }).click()]);
  assert((await page.textContent('main')).includes('6 reads'), 'the page does not say how many');
  await inspect(page, 'export');
  const [table] = await Promise.all([
    page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click(),
  ]);
  assert(/^captures-\d{8}T\d{6}Z\.csv$/.test(table.suggestedFilename()), table.suggestedFilename());
  const text = readFileSync(await table.path(), 'utf8');
  assert(text.split('\r\n').length === 8 && text.includes('BRW101'), `the table is ${text}`);
  await page.getByText('Done.').waitFor();
  await inspect(page, 'export-done');
  await page.check('input[value="zip"]');
  await page.evaluate(() => {
    const text = document.querySelector('[data-text]');
    globalThis.told = [];
    new MutationObserver(() => globalThis.told.push(text.textContent)).observe(text, { childList: true });
  });
  const [archive] = await Promise.all([
    page.waitForEvent('download'), page.getByRole('button', { name: 'Download' }).click(),
  ]);
  const told = await page.evaluate(() => globalThis.told);
  assert(told.includes('6 of 6'), `the archive told ${told}`);
  const bytes = readFileSync(await archive.path());
  assert(bytes.subarray(0, 2).toString() === 'PK' && bytes.length > 1000, `the archive has ${bytes.length} bytes`);
  await page.goto(`${base}/search/export?q=plate:NOTHING`);
  await inspect(page, 'export-empty');
}
