// Printing: one page of paper each, whatever the texts; the hash of the record can be checked.

import { createHash } from 'node:crypto';
import { assert, inspect, read } from '../lib.mjs';

// Pages of the PDF that the browser would print.
async function pages(page) {
  const pdf = await page.pdf({ preferCSSPageSize: true, printBackground: true });
  return (pdf.toString('latin1').match(/\/Type\s*\/Page\b/g) ?? []).length;
}

// A read in which every text is as long as it may be and asks for trouble.
async function hostile(base, key) {
  const long = `<img src=x onerror=alert(1)>${'W'.repeat(200)}${'\u202e'}${'宽'.repeat(100)}`;
  const payload = read(31);
  payload.best_plate_number = 'W'.repeat(32);
  payload.web_server_config = { camera_label: long, agent_label: long };
  payload.agent_version = long;
  payload.agent_type = long;
  payload.candidates = Array.from({ length: 50 }, (_, n) => ({ plate: `W${'W'.repeat(28)}${n}`, confidence: 90 - n }));
  payload.vehicle = Object.fromEntries(Array.from({ length: 32 }, (_, n) =>
    [`trait_${n}_${'w'.repeat(60)}`, [{ name: `${n}${'W'.repeat(200)}`, confidence: 50 }]]));
  payload.gps_latitude = 'x';
  const alert = {
    data_type: 'alpr_alert', version: 1, epoch_time: Date.now(), agent_uid: payload.agent_uid, alert_list: long,
    alert_list_id: 7, site_name: long, camera_name: long, camera_number: 1, plate_number: long, description: long,
    list_type: 'Blacklist', group: payload,
  };
  const answer = await fetch(`${base}/api/webhook`, {
    method: 'POST', headers: { 'X-Api-Key': key, 'Content-Type': 'application/json' }, body: JSON.stringify(alert),
  });
  return (await answer.json()).id;
}

export async function print({ page, base, key, id, alert }) {
  await page.goto(`${base}/captures/${id}`);
  await Promise.all([page.waitForNavigation(), page.getByRole('link', { name: 'Print', exact: true }).click()]);
  await page.fill('#note', 'Visitor badge 2214.');
  await inspect(page, 'print');
  assert(await pages(page) === 1, 'a read is not one page');
  const text = await page.evaluate(() => document.body.innerText);
  assert(text.includes('at the request of Olive Owner (owner@example.org)'), 'the page does not say who asked');
  // The hash on paper is that of the line in the export.
  const lines = await (await fetch(`${base}/api/v1/export?format=jsonl`, { headers: { 'X-Api-Key': key } })).text();
  const line = lines.split('\n').find((it) => it.includes(`"id":"${id}"`));
  const hash = createHash('sha256').update(line).digest('hex');
  assert(text.includes(hash), 'the hash of the record is not that of its line');

  const odd = await hostile(base, key);
  await page.goto(`${base}/captures/${odd}/print?note=${encodeURIComponent('W '.repeat(900))}`);
  await inspect(page, 'print-hostile');
  assert(await pages(page) === 1, 'a hostile read is not one page');
  await page.goto(`${base}${alert}/print`);
  await inspect(page, 'print-alert');
  assert(await pages(page) === 1, 'an alert is not one page');
  await page.goto(`${base}/alerts/rekor`);
  await page.goto(`${base}${await page.locator('a.hit').first().getAttribute('href')}`);
  await inspect(page, 'alert-hostile');
  await page.goto(`${page.url()}/print`);
  await inspect(page, 'print-alert-hostile');
  assert(await pages(page) === 1, 'a hostile alert is not one page');
  await page.emulateMedia({ media: 'print' });
  const seen = await page.evaluate(() => ['.sheet-hash', '.sheet-note', '.sheet-foot'].every((name) => {
    const box = document.querySelector(name).getBoundingClientRect();
    const sheet = document.querySelector('.sheet').getBoundingClientRect();
    return box.height > 0 && box.bottom <= sheet.bottom + 1;
  }));
  assert(seen, 'hashes, note or foot are cut off');
  await page.emulateMedia({ media: null });
}
