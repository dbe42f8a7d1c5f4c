// Bans: by hand, the list, lifting, the rules, the key that never comes back.

import { assert, inspect, send } from '../lib.mjs';

export async function bans({ page, base }) {
  await page.goto(`${base}/settings/bans`);
  await inspect(page, 'bans-empty');
  await page.fill('#f-network', '203.0.113.0/24');
  await page.fill('#f-reason', '<img src=x onerror=alert(1)> and a rather long reason');
  await send(page, '/settings/bans/add');
  await page.fill('#f-network', '2001:db8:1:2:3:4:5:6');
  await page.selectOption('#f-seconds', '0');
  await send(page, '/settings/bans/add');
  await page.fill('#f-allow', '192.168.0.0/16\n198.51.100.7');
  await send(page, '/settings/bans');
  await page.fill('#f-key', 'a-key-of-the-journey');
  await page.fill('#f-base_url', 'http://127.0.0.1:9/api/v2');
  await Promise.all([page.waitForNavigation(), page.locator('form[action="/settings/bans/abuseipdb"] .btn.pri').click()]);
  const html = await page.content();
  assert(html.includes('203.0.113.0/24') && html.includes('2001:db8:1:2::/64'), 'the bans are not listed');
  assert(html.includes('Key kept') && !html.includes('a-key-of-the-journey'), 'the key is on the page');
  await inspect(page, 'bans');
  await send(page, '/settings/bans/lift');
  assert(!(await page.innerText('main')).includes('2001:db8:1:2::/64'), 'the ban is still there');
}
