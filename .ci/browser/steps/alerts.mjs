// Alerts of Rekor Scout: the list, its filters, and one alert with its read.

import { assert, inspect, read } from '../lib.mjs';

async function raise(base, key, number, list, kind) {
  const group = read(number);
  const alert = {
    data_type: 'alpr_alert', version: 1, epoch_time: Date.now(), agent_uid: group.agent_uid,
    alert_list: list, alert_list_id: number, site_name: 'North', camera_name: 'Gate', camera_number: 1,
    plate_number: group.best_plate_number, description: 'Tell the front desk', list_type: kind, group,
  };
  const answer = await fetch(`${base}/api/webhook`, {
    method: 'POST', headers: { 'X-Api-Key': key, 'Content-Type': 'application/json' }, body: JSON.stringify(alert),
  });
  assert(answer.status === 200, `alert: ${answer.status}`);
}

export async function alerts(box) {
  const { page, base, key } = box;
  await page.goto(`${base}/alerts/rekor`);
  await inspect(page, 'alerts-empty');
  await raise(base, key, 21, 'Stolen', 'Blacklist');
  await raise(base, key, 22, 'Staff <b>', 'Whitelist');
  await page.goto(`${base}/alerts/rekor`);
  assert(await page.locator('a.hit').count() === 2, 'both alerts are listed');
  assert((await page.content()).includes('Not on the list'), 'a whitelist alert says what it is');
  await inspect(page, 'alerts');
  await page.selectOption('#f-type', 'not-on');
  await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: 'Apply filters' }).click()]);
  assert(await page.locator('a.hit').count() === 1, 'the filter finds one');
  await page.goto(`${base}/alerts/rekor?plate=*`);
  await inspect(page, 'alerts-wrong');
  await page.goto(`${base}/alerts/rekor`);
  await Promise.all([page.waitForNavigation(), page.locator('a.hit').last().click()]);
  assert(new URL(page.url()).pathname.startsWith('/alerts/rekor/'), `a row leads to ${page.url()}`);
  box.alert = new URL(page.url()).pathname;
  await inspect(page, 'alert');
}
