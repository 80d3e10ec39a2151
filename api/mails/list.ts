/** What the lists of mails and of short messages have in common: search, states, pages, the cases that a line is about. */
import { z } from 'zod';
import type { TimePlace } from '../../db/queries/time-pages.ts';
import type { ProcedureType } from '../../workflows/domain/procedures.ts';
import { nextCursor, pagerOf } from '../http/cursors.ts';
import { Cursor, emptyAsAbsent, searchWords } from '../http/fields.ts';
import type { Translate } from '../pages/i18n.ts';

/** `q`: a login, or the whole number of a case or of a paper; never that of a person, which would stand in the address. */
export function outgoingQuery<const State extends string>(states: readonly State[]) {
  return z.object({
    state: z.enum(states).optional().or(emptyAsAbsent),
    q: searchWords(100),
    after: Cursor,
    size: z.coerce.number().int().min(1).max(100).default(50),
  });
}

/** `href` where an administrator may open it: they keep the system and read no cases, but public lists are everybody's and the calendar is theirs. */
export const NamedCase = z.object({ number: z.string(), href: z.string().nullable() }).meta({ id: 'NamedCase' });

export function namedCase({ number, type }: { number: string; type: ProcedureType | null }): z.output<typeof NamedCase> {
  const href = type === 'publicDisclosure' ? `/disclosures/${number}` : type === 'calendarNotice' ? '/admin/calendar' : null;
  return { number, href };
}

type Asked = { state?: string | undefined; q?: string | undefined; after?: string | undefined };
type Page = {
  path: string;
  noun: 'mails' | 'sms';
  asked: Asked;
  states: readonly string[];
  next: TimePlace | undefined;
  t: Translate;
};

/** Chips, search and pages of a list, as its template shows them. */
export function listView({ path, noun, asked, states, next, t }: Page) {
  const at = ({ state, q }: Pick<Asked, 'state' | 'q'>): string => {
    const query = new URLSearchParams({ ...(state ? { state } : {}), ...(q ? { q } : {}) }).toString();
    return query ? `${path}?${query}` : path;
  };
  const { state, q, after } = asked;
  return {
    path,
    filter: { state, q },
    filtered: state !== undefined || q !== undefined,
    states: [undefined, ...states].map((one) => ({
      label: t(one === undefined ? `${noun}.all` : `${noun}.states.${one}`),
      href: at({ state: one, q }),
      active: one === state,
    })),
    withoutText: q === undefined ? undefined : at({ state }),
    ...pagerOf(path, { state, q, after }, { next: nextCursor(next) }),
  };
}
