// Notifications: a channel is set up, its secret never comes back, a test tells the service's own answer.

import { createServer } from 'node:http';
import { assert, inspect, send } from '../lib.mjs';

export async function notifications({ page, base }) {
  const heard = [];
  const service = createServer((request, response) => {
    heard.push(request.url);
    response.writeHead(heard.length === 1 ? 200 : 429, { 'Content-Type': 'application/json' });
    response.end('{"id":"1"}');
  });
  await new Promise((done) => service.listen(0, '127.0.0.1', done));
  const { port } = service.address();

  await page.goto(`${base}/settings/notifications`);
  await inspect(page, 'notifications');
  const open = () => page.locator('#ntfy').evaluate((card) => { card.open = true; });
  await open();
  await page.fill('#f-ntfy-base_url', `http://127.0.0.1:${port}`);
  await page.fill('#f-ntfy-topic', 'north-gate');
  await page.fill('#f-ntfy-token', 'tk_of_the_journey');
  await page.check('#f-ntfy-enabled');
  await send(page, '/settings/notifications/ntfy');
  assert(!(await page.content()).includes('tk_of_the_journey'), 'the token is on the page');
  await open();
  await inspect(page, 'notifications-set');
  await send(page, '/settings/notifications/ntfy/test');
  assert(heard.length === 1, `the service was called ${heard.length} times`);
  await open();
  await send(page, '/settings/notifications/ntfy/test');
  assert((await page.innerText('main')).includes('429'), "the service's refusal is not shown");
  await inspect(page, 'notifications-refused');
  await new Promise((done) => service.close(done));
}
