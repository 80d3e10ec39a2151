/**
 * Screenshots of a running product. `npm run gallery [-- <address> [<folder>]]` walks every page that each role can reach, in both languages and at two
 * widths, into `.shiming/gallery` with an index.html. `tsx test/browser/gallery.ts <address> <folder> <login:path> …` takes single pages (for the README).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser.ts';

const [origin = `http://localhost:${process.env.PORT ?? '3000'}`, folder = '.shiming/gallery', ...given] = process.argv.slice(2);
const locales = ['zh-CN', 'en'] as const;
const widths = [1440, 390] as const;
type Locale = (typeof locales)[number];

const roles = [
  'public',
  'kangning-1',
  'pingjia-1',
  'cs-first-1',
  'cs-second-1',
  'cs-approve-1',
  'cs-inspect-1',
  'cs-finance-1',
  'cs-pay-1',
  'cs-supervise-1',
  'fz-supervise-1',
  'cs-audit-1',
  'fj-catalogue-1',
  'system-1',
  'security-1',
  'auditadmin-1',
];
/** Pages of one role: one of each kind of address is enough. */
const MOST = 24;
const DEPTH = 2;

async function enter(browser: Browser, login: string, locale: Locale): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, locale });
  await context.request.get(`${origin}/?lang=${locale}`);
  if (login === 'public') return context;
  const headers = { accept: 'text/html', origin };
  const switched = await context.request.post(`${origin}/demo/switch`, { form: { login }, headers, maxRedirects: 0 });
  if (switched.status() !== 303) throw new Error(`${login}: ${switched.status()}`);
  return context;
}

/** The kind of an address: numbers and ids are all alike, what follows the question mark does not count. */
function kindOf(path: string): string {
  return path
    .replace(/\?.*$/, '')
    .replaceAll(/\b[\dA-Z]{18}\b|(?:[A-Z]{2})?\d{6}-\d{4}-\d+|[\da-f]{8}-[\da-f-]{27}|\d{4}-\d{2}-\d{2}|\d+/g, 'n')
    .replaceAll(/\/(class|subsidy|payment|objection|disclosure)-n\/[\w.]+/g, '/task');
}

async function linksOf(page: Page): Promise<string[]> {
  const hrefs = await page.$$eval('nav a[href], main a[href]:not([download])', (links) =>
    links.map((link) => link.getAttribute('href') ?? ''),
  );
  return hrefs.filter((href) => /^\/(?!public|demo|openapi)/.test(href) && !/\.(xlsx|csv|json|txt|zip)|\/file|lang=/.test(href));
}

/** Breadth first from where this role arrives. */
async function findPages(context: BrowserContext): Promise<string[]> {
  const page = await context.newPage();
  const known = new Map<string, string>([['/', '/']]);
  let edge = ['/', '/account', '/clock'];
  for (const path of edge) known.set(kindOf(path), path);
  for (let depth = 0; depth <= DEPTH && known.size < MOST; depth += 1) {
    const following: string[] = [];
    for (const path of edge) {
      const answer = await page.goto(`${origin}${path}`).catch(() => undefined);
      const isElsewhere = kindOf(new URL(page.url()).pathname) !== kindOf(path);
      if (!answer?.ok() || isElsewhere || !answer.headers()['content-type']?.includes('html')) {
        known.delete(kindOf(path));
        continue;
      }
      for (const href of await linksOf(page)) {
        if (known.has(kindOf(href)) || known.size >= MOST) continue;
        known.set(kindOf(href), href);
        following.push(href);
      }
    }
    edge = following;
  }
  await page.close();
  return [...known.values()];
}

const nameOf = (path: string, width: number, locale: Locale): string =>
  `${path.replace(/^\//, '').replaceAll(/[^\w-]+/g, '-') || 'home'}-${width}-${locale === 'en' ? 'en' : 'zh'}`;

async function takeAll(context: BrowserContext, paths: readonly string[], locale: Locale, into: string, type: 'png' | 'jpeg') {
  const page = await context.newPage();
  const taken: { path: string; width: number; locale: Locale; file: string; title: string }[] = [];
  for (const path of paths) {
    for (const width of widths) {
      await page.setViewportSize({ width, height: width === 390 ? 844 : 1000 });
      const answer = await page.goto(`${origin}${path}`).catch(() => undefined);
      if (!answer?.headers()['content-type']?.includes('html')) continue;
      const file = `${nameOf(path, width, locale)}.${type}`;
      await page.screenshot({ path: join(into, file), fullPage: width === 390, type, ...(type === 'jpeg' ? { quality: 70 } : {}) });
      taken.push({ path, width, locale, file, title: await page.title() });
    }
  }
  await page.close();
  return taken;
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');

async function walk(browser: Browser): Promise<void> {
  const parts: string[] = [];
  for (const login of roles) {
    const into = join(folder, login);
    mkdirSync(into, { recursive: true });
    let paths: string[] | undefined;
    const shots: Awaited<ReturnType<typeof takeAll>> = [];
    for (const locale of locales) {
      const context = await enter(browser, login, locale);
      paths ??= await findPages(context);
      shots.push(...(await takeAll(context, paths, locale, into, 'jpeg')));
      await context.close();
    }
    process.stdout.write(`${login}: ${shots.length}\n`);
    const figures = shots.map(
      ({ path, width, locale, file, title }) =>
        `<figure class="w${width}"><a href="${login}/${file}"><img loading="lazy" src="${login}/${file}" alt=""></a><figcaption>${escape(title)}<br>${escape(path)} · ${width} · ${locale}</figcaption></figure>`,
    );
    parts.push(`<h2 id="${login}">${login}</h2><div>${figures.join('\n')}</div>`);
    // A walk that is cut off has an index of what it took.
    writeIndex(parts);
  }
  process.stdout.write(`${join(folder, 'index.html')}\n`);
}

const style =
  'body{font:15px sans-serif;margin:24px;background:#f5f7f9;color:#1b2430}div{display:flex;flex-wrap:wrap;gap:16px}figure{margin:0;background:#fff;border:1px solid #dfe4ea;padding:8px}img{height:280px;object-fit:cover;object-position:top}.w1440 img{width:403px}.w390 img{width:130px}figcaption{font-size:12px;max-width:403px;overflow-wrap:anywhere}.w390 figcaption{max-width:130px}';

function writeIndex(parts: readonly string[]): void {
  const links = roles.slice(0, parts.length).map((login) => `<a href="#${login}">${login}</a>`);
  const head = `<meta charset="utf-8"><title>实名 Shiming</title><style>${style}</style><h1>实名 Shiming</h1><p>${links.join(' · ')}</p>`;
  writeFileSync(join(folder, 'index.html'), `<!doctype html><html lang="zh-CN">${head}${parts.join('\n')}</html>`);
}

mkdirSync(folder, { recursive: true });
const browser = await launchBrowser();
try {
  if (given.length === 0) await walk(browser);
  for (const entry of given) {
    const [, login = '', path = ''] = /^([^:]+):(.*)$/.exec(entry) ?? [];
    for (const locale of locales) {
      const context = await enter(browser, login, locale);
      for (const { file } of await takeAll(context, [path], locale, folder, 'png')) process.stdout.write(`${join(folder, file)}\n`);
      await context.close();
    }
  }
} finally {
  await browser.close();
}
