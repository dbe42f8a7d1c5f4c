// The own account: fields with their errors, a picture, keys for one thing each; and what administrators
// see of others.

import { assert, inspect, jpeg, send } from '../lib.mjs';

async function answersWith(page, status, act) {
  const [answer] = await Promise.all([page.waitForResponse((it) => it.request().method() === 'POST'), act()]);
  assert(answer.status() === status, `${answer.url()} answers ${answer.status()}, not ${status}`);
  await page.waitForLoadState('load');
}

export async function account({ page, base }) {
  await page.goto(`${base}/profile`);
  await page.fill('#f-organisation', 'Harbor & Point <b>');
  await page.fill('#f-phone', '+1 (301) 555-0123');
  await page.fill('#f-website', 'https://example.org');
  await page.fill('#f-zip', '20740');
  await page.fill('#f-address', '1 Pier Road');
  await send(page, '/profile');
  assert(await page.inputValue('#f-phone') === '+13015550123', 'the number is not in its one form');
  await page.setInputFiles('#f-picture', { name: 'me.jpg', mimeType: 'image/jpeg', buffer: Buffer.from(jpeg, 'base64') });
  await page.waitForFunction(() => document.querySelector('#f-picture').files[0]?.name === 'picture');
  await page.getByRole('button', { name: 'Save picture' }).click();
  await page.locator('.top img.av').waitFor();
  const drawn = await page.locator('.top img.av').evaluate((img) => img.complete && img.naturalWidth);
  assert(drawn === 256, `the picture is ${drawn} pixels wide`);

  await page.fill('#f-key_name', 'Rekor Scout');
  await page.check('input[name="scope"][value="post"]');
  await answersWith(page, 200, () => page.getByRole('button', { name: 'Make a key' }).click());
  await page.getByText('Shown only now').waitFor();
  assert((await page.innerText('#api-key')).startsWith('oal_'), 'no key is shown');
  await inspect(page, 'profile-key');
  await page.goto(`${base}/profile`);
  assert((await page.innerText('.keys')).includes('Rekor Scout'), 'the key is not listed');
  await inspect(page, 'profile');

  await page.goto(`${base}/settings/users/2`);
  await page.fill('#f-phone', '+44 20 7946 0958');
  await send(page, '/settings/users/2');
  await inspect(page, 'user-edit');
}
