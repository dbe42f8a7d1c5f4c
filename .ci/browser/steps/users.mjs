// Users: adding one, a temporary password, a link, suspending.

import { assert, inspect, send } from '../lib.mjs';

export async function users({ page, base }) {
  await page.goto(`${base}/settings/users`);
  await page.fill('#f-username', 'ulla');
  await page.fill('#f-name', '<b>Ulla</b> of a rather long family name');
  await page.fill('#f-email', 'ulla@example.org');
  await page.fill('#f-organisation', 'Gate & Sons');
  await page.selectOption('#f-role', 'viewer');
  await page.getByRole('button', { name: 'Add user' }).click();
  await page.getByText('Shown only now').waitFor();
  await inspect(page, 'user-new');
  await page.goto(`${base}/settings/users/2`);
  await send(page, '/settings/users/2/link');
  assert((await page.innerText('#secret')).includes('/reset/'), 'no link is shown');
  const link = await page.innerText('#secret');
  await page.goto(new URL(link).pathname.startsWith('/reset/') ? `${base}${new URL(link).pathname}` : base);
  await inspect(page, 'reset');
  await page.goto(`${base}/settings/users?q=gate`);
  assert((await page.innerText('main')).includes('ulla'), 'the search does not find the business');
  await inspect(page, 'users');
  await page.goto(`${base}/settings/users/1`);
  await inspect(page, 'user-own');
}
