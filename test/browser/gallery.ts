/**
 * Screenshots of a running product. `npm run gallery [-- <address> [<folder>]]` walks every page that each role can reach, in both languages and at two
 * widths, into `.shiming/gallery` with an index.html. `tsx test/browser/gallery.ts <address> <folder> <login:path> …` takes single pages (for the README).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchBrowser } from '../support/browser/browser.ts';
import { accountOf, listPages, type PageAddress } from '../support/browser/pages.ts';

const [origin = `http://localhost:${process.env.PORT ?? '3000'}`, folder = '.shiming/gallery', ...given] = process.argv.slice(2);
const locales = ['zh-CN', 'en'] as const;
const widths = [1440, 390] as const;
type Locale = (typeof locales)[number];

/** Whoever is not signed in, somebody of each role, and a superior authority. */
const logins = ['public', ...Object.values(accountOf), 'fz-supervise-1'];
const TASK = '/tasks/{procedure}/{step}/{round}';
const DEPTH = 3;

async function enter(browser: Browser, login: string, locale: Locale): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, locale });
  await context.request.get(`${origin}/?lang=${locale}`);
  if (login === 'public') return context;
  const headers = { accept: 'text/html', origin };
  const switched = await context.request.post(`${origin}/demo/switch`, { form: { login }, headers, maxRedirects: 0 });
  if (switched.status() !== 303) throw new Error(`${login}: ${switched.status()}`);
  return context;
}

type Address = PageAddress & { shape: RegExp };

async function readAddresses(): Promise<Address[]> {
  return (await listPages(origin)).map((address) => ({
    ...address,
    shape: new RegExp(`^${address.pattern.replaceAll(/\{\w+\}/g, '[^/]+')}$`),
  }));
}

/** The kind of a page is its address in the document of addresses, the plainest first; what follows the question mark does not count. */
function kindOf(path: string, addresses: readonly Address[]): string | undefined {
  const bare = path.replace(/[?#].*$/, '');
  return addresses.find(({ pattern }) => pattern === bare)?.pattern ?? addresses.find(({ shape }) => shape.test(bare))?.pattern;
}

async function linksOf(page: Page, within = 'nav a[href], main a[href]:not([download])'): Promise<string[]> {
  return page.$$eval(within, (links) => links.map((link) => link.getAttribute('href') ?? ''));
}

/** `navigation`: its addresses, and the kind of page that each leads to; `paths`: one page of each kind. */
type Found = { navigation: Map<string, string | undefined>; paths: Map<string, string> };

/** One page of each kind that this person can reach: every address without a name in it, and breadth first what they lead to. */
async function findPages(context: BrowserContext, addresses: readonly Address[]): Promise<Found> {
  const page = await context.newPage();
  const paths = new Map<string, string>();
  const tried = new Set<string>();
  const take = (path: string): string[] => {
    const kind = kindOf(path, addresses);
    if (!kind || tried.has(kind)) return [];
    tried.add(kind);
    return [path];
  };
  let edge = addresses.flatMap(({ pattern }) => (pattern.includes('{') ? [] : take(pattern)));
  const reached = new Map<string, string>();
  let links: string[] = [];
  for (let depth = 0; depth <= DEPTH && edge.length > 0; depth += 1) {
    const following: string[] = [];
    for (const path of edge) {
      const answer = await page.goto(`${origin}${path}`).catch(() => undefined);
      const kind = kindOf(new URL(page.url()).pathname, addresses);
      if (!answer?.ok() || !answer.headers()['content-type']?.includes('html') || !kind) continue;
      reached.set(path, kind);
      if (paths.has(kind)) continue;
      paths.set(kind, new URL(page.url()).pathname + new URL(page.url()).search);
      tried.add(kind);
      if (links.length === 0) links = await linksOf(page, 'nav.nav a[href]');
      for (const href of await linksOf(page)) following.push(...take(href));
    }
    edge = following;
  }
  await page.close();
  return { navigation: new Map(links.map((href) => [href, reached.get(href)])), paths };
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

/** Every role has its navigation, its task and what is its own; what everybody sees alike is taken once. Ends with what nobody could show. */
async function walk(browser: Browser): Promise<void> {
  const addresses = await readAddresses();
  const shown = new Set<string>();
  const parts: string[] = [];
  for (const login of logins) {
    const into = join(folder, login);
    mkdirSync(into, { recursive: true });
    const finder = await enter(browser, login, 'zh-CN');
    const { navigation, paths } = await findPages(finder, addresses);
    await finder.close();
    const own = new Set(navigation.values());
    for (const [href, kind] of navigation) if (!kind) process.stdout.write(`${login}: ${href} of the navigation was not found\n`);
    const wanted = [...paths].filter(([kind]) => own.has(kind) || kind === TASK || !shown.has(kind));
    for (const [kind] of wanted) shown.add(kind);
    const shots: Awaited<ReturnType<typeof takeAll>> = [];
    for (const locale of locales) {
      const context = await enter(browser, login, locale);
      const taken = await takeAll(
        context,
        wanted.map(([, path]) => path),
        locale,
        into,
        'jpeg',
      );
      shots.push(...taken);
      await context.close();
    }
    process.stdout.write(`${login}: ${wanted.length} pages, ${shots.length} pictures\n`);
    const figures = shots.map(
      ({ path, width, locale, file, title }) =>
        `<figure class="w${width}"><a href="${login}/${file}"><img loading="lazy" src="${login}/${file}" alt=""></a><figcaption>${escape(title)}<br>${escape(path)} · ${width} · ${locale}</figcaption></figure>`,
    );
    parts.push(`<h2 id="${login}">${login}</h2><div>${figures.join('\n')}</div>`);
    // A walk that is cut off has an index of what it took.
    writeIndex(parts);
  }
  const missing = addresses.filter(({ pattern }) => !shown.has(pattern)).map(({ pattern }) => pattern);
  if (missing.length > 0) process.stdout.write(`nothing to show, or for programs alone: ${missing.join(' ')}\n`);
  process.stdout.write(`${join(folder, 'index.html')}\n`);
}

const style =
  'body{font:15px sans-serif;margin:24px;background:#f5f7f9;color:#1b2430}div{display:flex;flex-wrap:wrap;gap:16px}figure{margin:0;background:#fff;border:1px solid #dfe4ea;padding:8px}img{height:280px;object-fit:cover;object-position:top}.w1440 img{width:403px}.w390 img{width:130px}figcaption{font-size:12px;max-width:403px;overflow-wrap:anywhere}.w390 figcaption{max-width:130px}';

function writeIndex(parts: readonly string[]): void {
  const links = logins.slice(0, parts.length).map((login) => `<a href="#${login}">${login}</a>`);
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
