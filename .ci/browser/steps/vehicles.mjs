// Vehicles without plate: images first, the same filters, the same car again.

import { assert, inspect, read } from '../lib.mjs';

export async function vehicles({ page, base, key }) {
  await page.goto(`${base}/vehicles?color=green`);
  await inspect(page, 'vehicles-empty');
  const car = { ...read(90), data_type: 'vehicle' };
  for (const name of ['uuids', 'best_plate', 'best_plate_number', 'best_confidence', 'candidates', 'best_region']) delete car[name];
  const answer = await fetch(`${base}/api/webhook`, {
    method: 'POST', headers: { 'X-Api-Key': key, 'Content-Type': 'application/json' }, body: JSON.stringify(car),
  });
  assert((await answer.json()).status === 'stored', 'the vehicle is not stored');
  await page.goto(`${base}/vehicles`);
  assert(await page.locator('.grid a.hit').count() === 1, 'the vehicle is not among the images');
  await inspect(page, 'vehicles');
  await page.selectOption('#s-body', 'suv-crossover');
  await Promise.all([page.waitForNavigation(), page.getByRole('button', { name: 'Apply filters' }).click()]);
  assert(page.url() === `${base}/vehicles?body=suv-crossover`, `the form leads to ${page.url()}`);
  await Promise.all([page.waitForNavigation(), page.getByRole('link', { name: 'Table' }).click()]);
  assert(await page.locator('tbody a.hit').count() === 1, 'the table does not show it');
  await inspect(page, 'vehicles-table');
}
