// Agents: the list, the way to one that does not answer.

import { assert, freePort, inspect, send } from '../lib.mjs';

export async function agents({ page, base }) {
  await page.goto(`${base}/settings/agents`);
  await inspect(page, 'agents');
  await page.locator('.agents a.hit').first().click();
  await page.waitForURL(/\/settings\/agents\/./);
  await inspect(page, 'agent');
  const href = new URL(page.url()).pathname;
  await page.check('[name="enabled"]');
  await page.fill('#f-host', '127.0.0.1');
  await page.fill('#f-port', String(await freePort()));
  await send(page, href);
  await page.waitForSelector('.toast');
  await send(page, `${href}/test`);
  assert((await page.innerText('main')).includes('refused'), 'the test does not say what went wrong');
  await inspect(page, 'agent-silent');
}
