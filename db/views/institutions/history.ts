/** The history of an institution, newest first: of years of classes a page reads little more than it shows. */
import type { Db } from '../../client.ts';
import { institutionSubject } from '../../institutions.ts';
import type { TimelineLine } from '../case.ts';
import { actTold, hiddenOutside, insideLine, reasonTold } from '../inside.ts';
import type { InstitutionHead } from './institutions.ts';
import { factOfLine } from '../line-facts.ts';

export type InstitutionEvent = TimelineLine & { class_number: string | null; class_title: string | null };

/**
 * Everything that happened to an institution, newest first: its place on the register, its teachers and venues, its classes with claims, lists and
 * objections. How the office arranges its work is left out; for its own people also the reasons of proposals. Drafts are its own.
 */
export async function listInstitutionTimeline(
  db: Db,
  head: Pick<InstitutionHead, 'id' | 'credit_code' | 'reader'>,
  page: { before?: number | undefined; limit: number },
): Promise<InstitutionEvent[]> {
  // The newest lines of a long history lie with the procedures that moved last; where those have too few to show, all are asked.
  const newest = await readTimeline(db, head, { ...page, moved: page.limit * 4 });
  if (newest.length >= page.limit || newest[0]?.bound === 0) return newest;
  return readTimeline(db, head, { ...page, moved: ALL });
}

const ALL = 2_000_000_000;

/** Procedures of classes that an institution holds, and of those that it examines. */
const moved = (which: string, order = ''): string => `
  (select p.id, p.class_id, p.audited_at from procedures p where p.institution_id = :id and p.class_id is not null and ${which} ${order})
  union all
  (select p.id, p.class_id, p.audited_at from classes e join procedures p on p.class_id = e.id
    where e.assessor_id = :id and e.institution_id <> :id and e.status <> 'draft' and ${which} ${order})`;

/**
 * Lines from `bound` on: the last line of the procedure after as many as `moved` that moved later; 0 where there are no more. Of the institution that holds a
 * class an index has its procedures in that order; those of classes that it examines are gone through.
 */
async function readTimeline(
  db: Db,
  head: Pick<InstitutionHead, 'id' | 'credit_code' | 'reader'>,
  { before, limit, moved: most }: { before?: number | undefined; limit: number; moved: number },
): Promise<(InstitutionEvent & { bound: number })[]> {
  const own = head.reader === 'own';
  const reachable = before === undefined ? 'p.audited_at is not null' : 'p.audited_at < (select at from audit_log where id = :before)';
  const { rows } = await db.raw<{ rows: (InstitutionEvent & { bound: number })[] }>(
    `with own as materialized (
       select id, number, title from classes where (institution_id = :id and (status <> 'draft' or cast(:own as boolean))) or (assessor_id = :id and status <> 'draft')),
     reached as materialized (
       select audited_at as at from (${moved(reachable, 'order by audited_at desc limit cast(:moved as bigint) + 1')}) m order by audited_at desc offset :moved limit 1),
     bound as materialized (
       select coalesce((select id from audit_log where at >= (select at from reached) order by at, id limit 1), 0) as id),
     lines as (
       select a.id, cast(null as text) as number, cast(null as text) as title from audit_log a where a.subject = :subject and a.id >= (select id from bound)
       union all
       select a.id, own.number, own.title from (${moved(`p.audited_at >= coalesce((select at from reached), '-infinity')`)}) c
         join own on own.id = c.class_id join audit_log a on a.procedure_id = c.id and a.id >= (select id from bound)
        where a.act not in ('procedure.step', 'procedure.close') and not case when cast(:own as boolean) then ${hiddenOutside} else ${insideLine} end
       union all
       select a.id, own.number, own.title from own cross join lateral (
         select id from audit_log where subject = 'class-' || own.number and id >= (select id from bound) and procedure_id is null offset 0) a),
     shown as (
       select * from lines ${before === undefined ? '' : 'where id < :before'} order by id desc limit :limit)
     select a.id, a.at, ${actTold('cast(:own as boolean)')} as act, a.subject, u.name, i.name as institution, a.detail, shown.number as class_number, shown.title as class_title,
            ${reasonTold('cast(:own as boolean)', `coalesce(f.payload ->> 'reason', a.detail ->> 'reason')`)} as reason,
            (select cast(id as float8) from bound) as bound
       from shown join audit_log a on a.id = shown.id
       left join users u on u.id = a.actor
       left join institutions i on i.id = u.institution_id
       left join facts f on ${factOfLine}
      order by a.id desc`,
    { id: head.id, subject: institutionSubject(head.credit_code), own, ...(before === undefined ? {} : { before }), limit, moved: most },
  );
  return rows;
}
