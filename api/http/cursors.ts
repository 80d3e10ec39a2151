/** Places in lists as they stand in addresses: what nobody gave out begins from the top, whatever it looks like. */
import type { TimePlace } from '../../db/queries/time-pages.ts';

const instantForm = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.\d{1,6})?[+-](\d\d)(?::(\d\d)(?::\d\d)?)?$/;

export function cursorText(parts: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** The parts of a cursor; undefined where the text is none. */
export function cursorParts(text: string | undefined): unknown[] | undefined {
  if (!text) return undefined;
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return Array.isArray(parts) ? parts : undefined;
  } catch {
    return undefined;
  }
}

/** PostgreSQL's own text of an instant that there is: it is compared as it stands, so that no microsecond is lost. */
export function isInstantText(given: unknown): given is string {
  const found = typeof given === 'string' ? instantForm.exec(given) : null;
  if (!found) return false;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offset = 0, offsetMinutes = 0] = found
    .slice(1)
    .map((part) => Number(part ?? 0));
  const at = new Date(Date.UTC(year, month - 1, day));
  const isDay = year > 0 && at.getUTCMonth() === month - 1 && at.getUTCDate() === day;
  return isDay && hour < 24 && minute < 60 && second < 60 && offset < 15 && offsetMinutes < 60;
}

const uuidForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** `next` of an answer. */
export function nextCursor(next: TimePlace | undefined): string | null {
  return next ? cursorText([next.at, next.id]) : null;
}

/** `fits` says what the second part looks like. */
export function readTimeCursor(text: string | undefined, fits: RegExp = uuidForm): TimePlace | undefined {
  const [at, id] = cursorParts(text) ?? [];
  return isInstantText(at) && typeof id === 'string' && fits.test(id) ? { at, id } : undefined;
}

/** Links of the pages of a list: `name` is what the address calls its place; filters, and the places of other lists of the page, stay as they are. */
export function pagerOf(
  path: string,
  asked: Readonly<Record<string, string | number | undefined>>,
  { name = 'after', next, anchor = '' }: { name?: string; next: string | number | null; anchor?: string },
): { nextHref: string | undefined; firstHref: string | undefined } {
  const at = (place: string | number | undefined): string => {
    const query = new URLSearchParams();
    for (const [field, value] of Object.entries({ ...asked, [name]: place })) if (value !== undefined) query.set(field, String(value));
    return `${path}${query.size > 0 ? `?${query.toString()}` : ''}${anchor}`;
  };
  return { nextHref: next === null ? undefined : at(next), firstHref: asked[name] === undefined ? undefined : at(undefined) };
}
