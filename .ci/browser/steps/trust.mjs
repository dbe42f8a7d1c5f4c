// Why the box can be trusted, and its certificate.

import { assert, inspect } from '../lib.mjs';

export async function trust({ page, base }) {
  await page.goto(`${base}/trust`);
  const print = (await page.innerText('#fingerprint')).replace(/[^0-9a-f]/gi, '');
  assert(print.length === 64, `no SHA-256 is shown but ${print}`);
  await inspect(page, 'trust');
  await page.goto(`${base}/settings/certificate`);
  await inspect(page, 'certificate');
}
