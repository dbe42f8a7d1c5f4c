// The page of one read: its plate, its pictures.

import { assert, inspect } from '../lib.mjs';

export async function capture({ page, base, id }) {
  await page.goto(`${base}/captures/${id}`);
  assert((await page.content()).includes('BRW101'), 'the capture page does not show its plate');
  const broken = await page.evaluate(() => [...document.images].filter((image) =>
    image.loading !== 'lazy' && !(image.complete && image.naturalWidth > 0)).map((image) => image.src));
  assert(broken.length === 0, `broken images: ${broken}`);
  await inspect(page, 'capture');
}
