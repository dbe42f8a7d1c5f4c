// The second factor: setting it up with an app played here, signing out, signing in with a code and
// with a recovery code, the rule for administrators, switching it off.

import { createHmac } from 'node:crypto';
import { assert, inspect, password, send } from '../lib.mjs';

const PAGE = '/profile/second-factor';
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

// What an authenticator app shows: RFC 6238.
function codeOf(secret, step) {
  const bits = [...secret.replaceAll(' ', '')].map((letter) => LETTERS.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const tag = createHmac('sha1', key).update(counter).digest();
  const number = tag.readUInt32BE(tag[19] & 15) & 0x7fffffff;
  return String(number % 1e6).padStart(6, '0');
}

// Each code works once: those of the steps around the present one, in turn.
function app(secret) {
  const used = new Set();
  return async () => {
    for (;;) {
      const now = Math.floor(Date.now() / 30000);
      const step = [now - 1, now, now + 1].find((it) => !used.has(it));
      if (step !== undefined) {
        used.add(step);
        return codeOf(secret, step);
      }
      await new Promise((done) => setTimeout(done, 1000));
    }
  };
}

async function signIn(page, base) {
  await page.evaluate(() => document.querySelector('form[action="/sign-out"]').requestSubmit());
  await page.waitForURL(/sign-in/);
  await page.fill('input[name="username"]', 'owner');
  await page.fill('input[name="password"]', password);
  await send(page, '/sign-in');
  assert(page.url().startsWith(`${base}/sign-in/code`), `after the password: ${page.url()}`);
}

export async function factor({ page, base }) {
  await page.goto(`${base}${PAGE}`);
  await inspect(page, 'factor-off');
  await page.fill('#f-current', password);
  await send(page, `${PAGE}/begin`);
  await inspect(page, 'factor-new');
  const next = app(await page.innerText('#secret'));
  await page.fill('#f-code', await next());
  await send(page, `${PAGE}/confirm`);
  const codes = await page.locator('.recovery code').allInnerTexts();
  assert(codes.length === 10, `${codes.length} recovery codes`);
  await inspect(page, 'factor-codes');
  await page.getByRole('link', { name: 'I have kept them' }).click();
  await page.waitForURL(`${base}${PAGE}`);
  await inspect(page, 'factor-on');

  await signIn(page, base);
  await inspect(page, 'sign-in-code');
  await page.fill('#f-code', await next());
  await send(page, '/sign-in/code');
  assert(page.url() === `${base}/`, `after the code: ${page.url()}`);

  await signIn(page, base);
  await page.getByText('Use a recovery code').click();
  await page.fill('#f-recovery', codes[0].toLowerCase());
  await inspect(page, 'sign-in-recovery');
  await page.getByRole('button', { name: 'Sign in with it' }).click();
  await page.waitForURL(`${base}/`);
  await page.goto(`${base}/profile`);
  assert((await page.innerText('main')).includes('Recovery codes left: 9'), 'the code was not used up');

  await page.goto(`${base}/settings/users`);
  await page.getByLabel('Administrators need a second factor').check();
  await send(page, '/settings/second-factor');
  await page.goto(`${base}${PAGE}`);
  await inspect(page, 'factor-needed');
  assert(await page.getByRole('button', { name: 'Switch off' }).count() === 0, 'it can be switched off though needed');
  await page.goto(`${base}/settings/users`);
  await page.getByLabel('Administrators need a second factor').uncheck();
  await send(page, '/settings/second-factor');

  await page.goto(`${base}${PAGE}`);
  await page.fill('#f-current', password);
  await page.fill('#f-code', codes[1]);
  await page.getByRole('button', { name: 'Switch off' }).click();
  await page.getByRole('heading', { name: 'Set it up' }).waitFor();
}
