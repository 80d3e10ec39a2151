/** Lists of several pages, read to their end: as programs do, by the place that an answer gives out, and as people do, by the link below the list. */
import { expect } from 'vitest';
import type { Province, Visitor } from './province.ts';

type Answer = Record<string, unknown>;
type Names = { place?: string; next?: string };

/** What `linesOf` takes from each page, in the order of the pages. */
export async function walkAnswers<Line>(
  province: Province,
  login: string,
  path: string,
  linesOf: (answer: Answer) => Line[],
  { place = 'after', next = 'next' }: Names = {},
): Promise<Line[][]> {
  const reader = await province.as(login);
  const pages: Line[][] = [];
  for (let at: string | null = ''; at !== null; ) {
    const address: string = at === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${place}=${at}`;
    const { status, body } = await reader.get<Answer>(address);
    expect([address, status]).toEqual([address, 200]);
    // Where a line stands in the order is no part of it.
    expect(JSON.stringify(body)).not.toContain('"place":');
    pages.push(linesOf(body));
    const following: unknown = body[next];
    expect(body).toHaveProperty(next);
    at = following === null ? null : String(following);
  }
  return pages;
}

/** The pages of a list from the first one on; `label` begins the name of its pager where a page has several. */
export async function walkPages(visitor: Visitor, path: string, label = ''): Promise<string[]> {
  const pages: string[] = [];
  for (let at: string | undefined = path; at !== undefined; ) {
    const place = at.replace(/#.*/, '');
    // A browser keeps the language of its first page by itself.
    const address: string = path.includes('lang=en') && !place.includes('lang=en') ? `${place}&lang=en` : place;
    const { status, html }: { status: number; html: string } = await visitor.get(address);
    expect([at, status]).toEqual([at, 200]);
    pages.push(html);
    at = pagersOf(html).find(({ name }) => name.startsWith(label))?.next;
    if (pages.length > 50) throw new Error(`no end of ${path}`);
  }
  return pages;
}

export function pagersOf(html: string): { name: string; next: string | undefined; first: string | undefined }[] {
  return [...html.matchAll(/<nav class="pager" aria-label="([^"]*)">([^]*?)<\/nav>/g)].map(([, name = '', inner = '']) => {
    const links = [...inner.matchAll(/<a (rel="next" )?href="([^"]*)"/g)];
    const to = (rel: boolean): string | undefined =>
      links
        .find(([, next]) => Boolean(next) === rel)?.[2]
        ?.replaceAll('&#x3D;', '=')
        .replaceAll('&amp;', '&');
    return { name, next: to(true), first: to(false) };
  });
}
