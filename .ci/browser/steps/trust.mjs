// Why the box can be trusted, and its certificate.

import { assert, inspect } from '../lib.mjs';

export async function trust({ page, base }) {
  await page.goto(`${base}/trust`);
  assert(/[0-9A-F]{2}(:[0-9A-F]{2}){5}/i.test(await page.innerText('main')), 'no fingerprint is shown');
  await inspect(page, 'trust');
  await page.goto(`${base}/settings/certificate`);
  await inspect(page, 'certificate');
}
