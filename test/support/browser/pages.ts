/** Every page of the product, derived from the document of its addresses, so that a new page cannot be forgotten; and looking at one. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Role } from '../../../workflows/domain/roles.ts';

export const pageLocales = ['zh-CN', 'en'] as const;
export type PageLocale = (typeof pageLocales)[number];
/** A page as somebody opens it; nobody is signed in without a login. */
export type PageVisit = { path: string; login?: string | undefined };

/** One account of the demonstration for each role. */
export const accountOf: Readonly<Record<Role, string>> = {
  institution: 'kangning-1',
  assessor: 'pingjia-1',
  first_reviewer: 'cs-first-1',
  second_reviewer: 'cs-second-1',
  approver: 'cs-approve-1',
  inspector: 'cs-inspect-1',
  finance_officer: 'cs-finance-1',
  payment_officer: 'cs-pay-1',
  supervisor: 'cs-supervise-1',
  catalogue_officer: 'cs-catalogue-1',
  auditor: 'cs-audit-1',
  system_admin: 'system-1',
  security_admin: 'security-1',
  audit_admin: 'auditadmin-1',
};

export type PageAddress = { pattern: string; roles: readonly Role[]; public: boolean };
type Operation = { 'x-roles'?: Role[]; security?: unknown[]; responses: Record<string, { content?: Record<string, unknown> }> };

/** The addresses that answer with a page: those that are read and are no file. */
export async function listPages(origin: string): Promise<PageAddress[]> {
  const document = (await (await fetch(`${origin}/openapi.json`)).json()) as { paths: Record<string, { get?: Operation }> };
  return Object.entries(document.paths).flatMap(([pattern, { get }]) =>
    get?.responses['200']?.content?.['application/json']
      ? [{ pattern, roles: get['x-roles'] ?? [], public: get.security?.length === 0 }]
      : [],
  );
}

/** The rules themselves, once into each page: the builder for Playwright opens pages beside it, and takes twice as long. */
const axe = readFileSync(
  createRequire(createRequire(import.meta.url).resolve('@axe-core/playwright')).resolve('axe-core/axe.min.js'),
  'utf8',
);
const violations = `axe
  .run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'], resultTypes: ['violations'] })
  .then((found) => found.violations.map(({ id, nodes }) => ({ id, targets: nodes.map((node) => node.target.join(' ')) })))`;

/** Pages in a browser of the width of a telephone, one context for each account and language. */
export function createLooker(browser: Browser, origin: string, tokenOf: (login: string) => Promise<string>) {
  const open = new Map<string, Promise<Page>>();
  const assets = new Map<string, number>();

  async function contextFor(login: string | undefined, options: Parameters<Browser['newContext']>[0] = {}): Promise<BrowserContext> {
    const context = await browser.newContext({ viewport: { width: 390, height: 844 }, ...options });
    if (login) await context.addCookies([{ name: 'shiming-session', value: await tokenOf(login), url: origin }]);
    return context;
  }

  function pageFor(login: string | undefined, locale: PageLocale): Promise<Page> {
    const key = `${login ?? ''} ${locale}`;
    let page = open.get(key);
    if (!page) {
      page = contextFor(login).then((context) => context.newPage());
      open.set(key, page);
    }
    return page;
  }

  async function assetBytes(path: string): Promise<number> {
    let bytes = assets.get(path);
    if (bytes === undefined) {
      bytes = gzipSync(Buffer.from(await (await fetch(`${origin}${path}`)).arrayBuffer())).length;
      assets.set(path, bytes);
    }
    return bytes;
  }

  /** What is wrong with the page in this language; empty when nothing is. */
  async function look({ path, login }: PageVisit, locale: PageLocale): Promise<string[]> {
    const page = await pageFor(login, locale);
    const problems: string[] = [];
    const answer = await page.goto(`${origin}${path}${path.includes('?') ? '&' : '?'}lang=${locale}`);
    if (answer?.status() !== 200) problems.push(`status ${answer?.status()}`);
    if (!answer?.headers()['content-type']?.startsWith('text/html')) return [...problems, 'no page'];
    const html = await answer.text();
    const needed = [...html.matchAll(/(?:href|src)="(\/public\/[^"]+)"/g)].map((found) => found[1] ?? '');
    let bytes = gzipSync(html).length;
    for (const asset of new Set(needed)) bytes += await assetBytes(asset);
    if (bytes > 100_000) problems.push(`${bytes} bytes on first load`);
    const overflow = Number(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'));
    if (overflow > 1) problems.push(`${overflow} px wider than 390`);
    // A label, a link within the page and a button's form all find the first of two.
    const doubled = await page.evaluate<string[]>(
      `[...document.querySelectorAll('[id]')].map(({ id }) => id).filter((id, at, all) => all.indexOf(id) !== at)`,
    );
    if (doubled.length > 0) problems.push(`more than one element with the id ${[...new Set(doubled)].join(', ')}`);
    // What sticks to the lower edge covers what happens to lie under it until somebody scrolls; that is no small target.
    await page.evaluate(`document.querySelectorAll('.decision-bar').forEach((bar) => { bar.style.position = 'static'; })`);
    await page.evaluate(axe);
    for (const { id, targets } of await page.evaluate<{ id: string; targets: string[] }[]>(violations))
      problems.push(`${id} at ${targets.join(', ')}`);
    return problems.map((problem) => `${path} (${login ?? 'public'}, ${locale}): ${problem}`);
  }

  return { look, contextFor };
}
