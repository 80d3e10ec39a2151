/** The page of a roster, and what its forms are drawn again with. */
import type { z } from 'zod';
import { getPolicyPack } from '../../db/catalogue/policy-packs.ts';
import { findOpenedOf } from '../../db/classes/classes.ts';
import { listRoster } from '../../db/roster/roster.ts';
import { getClassHead } from '../../db/views/classes/classes.ts';
import { rule } from '../../workflows/domain/policy/policy.ts';
import { readsRecord } from '../../workflows/domain/classes/reading.ts';
import { isOpen } from '../../workflows/domain/classes/correction.ts';
import { actsFor, classPath, headView } from '../classes/head.ts';
import type { ClassParams } from '../classes/schemas.ts';
import { page, type Reply } from '../http/replies.ts';
import type { Context } from '../http/routing.ts';
import { type RosterRefusal, rosterLineView } from './page.ts';

export type RosterContext = Pick<
  Context<z.output<typeof ClassParams>, unknown, unknown>,
  'db' | 'vault' | 'actor' | 'params' | 't' | 'locale' | 'deps' | 'files' | 'request' | 'forPage' | 'res'
>;

type Redraw = {
  issues?: { field: string; message: string }[];
  status?: number;
  refusals?: RosterRefusal[];
  annotated?: string;
  fileName?: string;
};

export async function showRoster(
  { db, actor, params, t, locale, deps }: Pick<RosterContext, 'db' | 'actor' | 'params' | 't' | 'locale' | 'deps'>,
  redraw: Redraw = {},
): Promise<Reply> {
  const head = await getClassHead(db, actor, params.number);
  const [roster, pack] = await Promise.all([listRoster(db, head.id), getPolicyPack(db, head.pack_id)]);
  const mayAct = actsFor(actor, head).includes('edit');
  const opened = mayAct ? await findOpenedOf(db, head) : undefined;
  const mayChange = (id: string): boolean => mayAct && (!opened || isOpen(opened, { kind: 'enrolment', reference: id }));
  const mayAdd = mayAct && (!opened || isOpen(opened, { kind: 'person_added' }));
  const people = roster.map((line) => ({
    ...rosterLineView(line, { t, locale, words: deps.words }),
    href: line.status === 'enrolled' && mayChange(line.id) ? `${classPath(head.number, 'roster')}/people/${line.id}` : undefined,
  }));
  const enrolled = people.filter((person) => person.status === 'enrolled');
  const named = opened && !mayAdd ? people.filter((person) => mayChange(person.id)) : [];
  const mayEdit = mayAdd || named.length > 0;
  if (!readsRecord(actor, head)) {
    const view = { ...headView(head, 'roster', { actor, t, locale }), class: head, people, enrolled: enrolled.length };
    const examined = people.map(({ id, seat, name, idMasked, status }) => ({ id, seat, name, idMasked, status }));
    return page('roster/examined', view, { nav: 'classes', json: { trainees: examined } });
  }
  return page(
    'roster/show',
    {
      ...headView(head, 'roster', { actor, t, locale }),
      class: head,
      mayEdit,
      mayAdd: mayAdd && enrolled.length < rule(pack, 'class.maxTrainees'),
      own: actor.institutionId === head.institution_id,
      opened,
      named,
      people,
      enrolled: enrolled.length,
      eligible: enrolled.filter((person) => person.eligible).length,
      totalFen: enrolled.reduce((sum, person) => sum + (person.amountFen ?? 0), 0),
      unsourced: enrolled.some((person) => person.unsourced),
      sources: [...new Set(people.map((person) => person.source).filter(Boolean))],
      max: rule(pack, 'class.maxTrainees'),
      withDemo: deps.config.demo,
      refusals: redraw.refusals,
      refusedRows: new Set(redraw.refusals?.map((refusal) => refusal.row)).size,
      annotated: redraw.annotated,
      fileName: redraw.fileName,
      issues: redraw.issues,
    },
    { nav: 'classes', ...(redraw.status ? { status: redraw.status } : {}), json: { trainees: people.map(personJson) } },
  );
}

function personJson(person: ReturnType<typeof rosterLineView>) {
  const {
    id,
    seat,
    name,
    idMasked,
    phone,
    account,
    bank,
    groupCode,
    status,
    eligible,
    findings,
    amountFen,
    standardFen,
    percent,
    formula,
    source,
  } = person;
  return {
    id,
    seat,
    name,
    idMasked,
    phoneMasked: phone,
    accountMasked: account,
    bank,
    group: groupCode,
    status,
    eligible,
    findings,
    amountFen,
    standardFen: standardFen ?? null,
    percent: percent ?? null,
    formula,
    source,
  };
}
