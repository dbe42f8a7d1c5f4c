// Settings/General: the box, and organisation and logo of printed pages.

import { assert, inspect, send } from '../lib.mjs';

const logo = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><script>alert(1)</script><rect width="40" height="20" fill="#246"/></svg>';

export async function general({ page, base, id }) {
  await page.goto(`${base}/settings/general`);
  await inspect(page, 'general');
  await page.fill('#f-organisation', 'Harbor Point Campus');
  await page.setInputFiles('#f-logo', { name: 'logo.svg', mimeType: 'image/svg+xml', buffer: Buffer.from(logo) });
  await send(page, '/settings/report');
  await page.locator('.toast').getByText('Saved.').waitFor();
  const shown = await page.locator('.logo-now img').evaluate((image) => image.complete && image.naturalWidth > 0);
  assert(shown, 'the logo is not shown');
  await inspect(page, 'general-logo');
  await page.goto(`${base}/captures/${id}/print`);
  assert((await page.textContent('.sheet-head')).includes('Harbor Point Campus'), 'paper has no organisation');
  assert((await page.getAttribute('.sheet-logo', 'src')).startsWith('/report/logo/'), 'paper has no logo');
}
