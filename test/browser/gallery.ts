/** Screenshots of a running product for the README and for looking at: `tsx test/browser/gallery.ts <address> <folder> [login:path …]`. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launchBrowser } from '../support/browser.ts';

const [origin = 'http://localhost:3000', folder = 'test/browser/screenshots', ...given] = process.argv.slice(2);
const pages = given.length > 0 ? given : ['cs-first-1:/tasks', 'cs-supervise-1:/board', 'kangning-1:/classes', 'public:/disclosures'];

mkdirSync(folder, { recursive: true });
const browser = await launchBrowser();
for (const entry of pages) {
  const at = entry.indexOf(':');
  const login = entry.slice(0, at);
  const path = entry.slice(at + 1);
  for (const locale of ['zh-CN', 'en'] as const) {
    for (const width of [1440, 390]) {
      const context = await browser.newContext({ viewport: { width, height: width === 390 ? 844 : 1000 }, locale });
      const page = await context.newPage();
      await page.goto(`${origin}/?lang=${locale}`);
      if (login !== 'public') {
        const switched = await context.request.post(`${origin}/demo/switch`, {
          form: { login },
          headers: { accept: 'text/html', origin },
          maxRedirects: 0,
        });
        if (switched.status() !== 303) throw new Error(`${login}: ${switched.status()}`);
      }
      await page.goto(`${origin}${path}`);
      const name = `${path.replaceAll('/', '-').replace(/^-/, '') || 'home'}-${width}-${locale === 'en' ? 'en' : 'zh'}.png`.replaceAll(
        /[?&=]/g,
        '_',
      );
      await page.screenshot({ path: join(folder, name), fullPage: width === 390 });
      process.stdout.write(`${join(folder, name)}\n`);
      await context.close();
    }
  }
}
await browser.close();
