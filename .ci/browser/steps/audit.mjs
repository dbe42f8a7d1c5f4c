// The audit log: what the journey did so far is in it, filters find it, files come.

import { assert, inspect } from '../lib.mjs';

export async function audit({ page, base, id }) {
  await page.goto(`${base}/audit`);
  const text = await page.innerText('main');
  for (const words of ['Set up the box', 'API key made', 'Read viewed', 'Search']) {
    assert(text.includes(words), `the audit log does not say "${words}"`);
  }
  await inspect(page, 'audit');
  await page.selectOption('#f-action', 'view_capture');
  await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: 'Filter' }).click()]);
  const links = await page.locator('table.audit a').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
  assert(links.length > 0 && links.includes(`/captures/${id}`), `the filter finds ${links}`);
  const csv = await page.request.get(`${base}/audit/export?format=csv&action=view_capture`);
  assert((await csv.text()).includes(id), 'the export lacks the read');
  await page.fill('#f-who', 'nobody at all');
  await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: 'Filter' }).click()]);
  await inspect(page, 'audit-empty');
}
