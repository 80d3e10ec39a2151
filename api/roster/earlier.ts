/** People of an earlier class of the same institution, taken over into this one: nobody types a person twice (N21). */
import { z } from 'zod';
import { getPolicyPack } from '../../db/catalogue/policy-packs.ts';
import { findOpenedOf } from '../../db/classes/classes.ts';
import { listEarlierClasses, listEarlierPeople, takeTrainees } from '../../db/roster/trainees.ts';
import { getClassHead } from '../../db/views/classes/classes.ts';
import { ConflictError } from '../../workflows/domain/errors.ts';
import { findGroup } from '../../workflows/domain/policy/groups.ts';
import { isOpen } from '../../workflows/domain/classes/correction.ts';
import { maskName } from '../../workflows/domain/people/identity.ts';
import { classPath, requireAct } from '../classes/head.ts';
import { ClassParams } from '../classes/schemas.ts';
import { page, redirect, type Reply } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import type { FieldIssue } from '../http/validation.ts';
import { findingViews } from './page.ts';
import { EarlierChoice, EarlierPeople, EarlierQuery } from './schemas.ts';

type Shown = Pick<Context<z.output<typeof ClassParams>, unknown, unknown>, 'db' | 'actor' | 'params' | 't' | 'locale'>;
type Redraw = { all?: boolean; issues?: FieldIssue[]; entered?: Record<string, unknown> };

export function earlierClassRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/classes/:number/roster/earlier',
    summary:
      'Other classes of the institution, and with `from` the people of one of them, masked, each with what the rules say against them in this class',
    tags: ['roster'],
    access: ['institution'],
    params: ClassParams,
    query: EarlierQuery,
    response: EarlierPeople,
    errors: [409],
    handle: (context) => show(context, context.query.from, { all: context.query.all !== undefined }),
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/roster/earlier',
    summary: 'Take people of another class of the institution over, at the end of the roster; all or nothing, refused at the person',
    tags: ['roster'],
    access: ['institution'],
    params: ClassParams,
    body: EarlierChoice,
    response: z.object({ number: z.string(), added: z.number().int() }),
    errors: [409],
    handle: async ({ db, vault, actor, params, body, request }) => {
      const { added } = await takeTrainees(db, vault, actor, params.number, { ...body, request });
      return redirect(classPath(params.number, 'roster'), {
        json: { number: params.number, added },
        flash: { key: 'roster.earlier.taken', params: { n: added } },
      });
    },
    onInvalid: (context, issues, entered) => {
      const from = EarlierQuery.safeParse({ from: entered['from'] });
      return show(context, from.data?.from, { issues, entered });
    },
  });
}

/** Not here yet, and nothing speaks against it. */
function mayBeTicked({ here, findings }: { here: boolean; findings: readonly unknown[] }): boolean {
  return !here && findings.length === 0;
}

async function show(
  { db, actor, params, t, locale }: Shown,
  from: string | undefined,
  { all = false, issues = [], entered }: Redraw = {},
): Promise<Reply> {
  const head = await getClassHead(db, actor, params.number);
  requireAct(actor, head, 'edit');
  const opened = await findOpenedOf(db, head);
  if (opened && !isOpen(opened, { kind: 'person_added' })) throw new ConflictError('correction.lockedPersonAdded', { open: opened.words });
  const classes = await listEarlierClasses(db, head);
  const people = from ? await listEarlierPeople(db, head, await getPolicyPack(db, head.pack_id), from) : [];
  const ticked = new Set([entered?.['people']].flat().map(String));
  const rows = people.map((person) => {
    const group = findGroup(person.group);
    return {
      ...person,
      name: maskName(person.name),
      findings: findingViews(person.findings, t),
      groupLabel: group ? (locale === 'en' ? group.en : group.zh) : person.group,
      statusLabel: person.status === 'enrolled' ? '' : t(`roster.status.${person.status}`),
      ticked: ticked.has(person.id) || (all && mayBeTicked(person)),
      problem: issues.find((issue) => issue.field === `people.${person.id}`)?.message,
    };
  });
  const seats = new Map(people.map((person) => [`people.${person.id}`, person.seat]));
  return page(
    'roster/earlier',
    {
      title: t('roster.earlier.title'),
      lead: t('roster.ofClass', { title: head.title, number: head.number }),
      number: head.number,
      back: classPath(head.number, 'roster'),
      from,
      classes: classes.map((one) => ({ ...one, chosen: one.number === from, statusLabel: t(`classes.status.${one.status}`) })),
      source: classes.find((one) => one.number === from),
      people: rows,
      mayTickAll: rows.some(mayBeTicked),
      free: rows.filter((person) => !person.here).length,
      issues: issues.map((issue) => {
        const seat = seats.get(issue.field);
        return seat === undefined ? issue : { ...issue, label: t('roster.earlier.seat', { seat }) };
      }),
      entered,
    },
    {
      nav: 'classes',
      json: {
        classes: classes.map(({ number, title, status, start_date: startDate, people: n }) => ({
          number,
          title,
          status,
          startDate,
          people: n,
        })),
        people: rows.map(({ id, seat, name, idMasked, group, status, here, findings }) => ({
          id,
          seat,
          name,
          idMasked,
          group,
          status,
          here,
          findings,
        })),
      },
    },
  );
}
