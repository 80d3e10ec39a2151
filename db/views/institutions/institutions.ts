/** The register and the archive (机构档案) of an institution as readers see them: the public only what the directory shows, officers their subtree, an institution its own. */
import { withinPaths } from '../../regions.ts';
import { NotFoundError } from '../../../workflows/domain/errors.ts';
import { normaliseNumber } from '../../../workflows/domain/people/identity.ts';
import type { InstitutionKind, InstitutionStatus } from '../../../workflows/domain/institutions.ts';
import { isLiving, isRunning } from '../../classes/statuses.ts';
import { maySee } from '../../../workflows/domain/scope.ts';
import type { ClassStatus } from '../../../workflows/domain/classes/class.ts';
import type { Db } from '../../client.ts';
import { institutionSubject, type InstitutionRow, type TeacherRow, type VenueRow } from '../../institutions.ts';
import type { Actor } from '../../accounts/users.ts';
import { beginningWith, containing } from '../../queries/text-search.ts';

export type InstitutionFilter = {
  text?: string | undefined;
  kind?: InstitutionKind | undefined;
  status?: InstitutionStatus | undefined;
  region?: string | undefined;
  /** Credit code of the last one shown. */
  after?: string | undefined;
  size: number;
};

export type InstitutionLine = {
  credit_code: string;
  name: string;
  kind: InstitutionKind;
  region: string;
  region_zh: string;
  region_en: string;
  licence_scope: string[];
  credit_grade: string;
  status: InstitutionStatus;
};
/** With how many classes were ever submitted; only for readers of the register. */
export type RegisterLine = InstitutionLine & { classes: number };

/** Everything that is in the public directory; those removed are not. */
const directory = `i.status <> 'removed'`;

function pathsOf(actor: Actor): string[] {
  return actor.grants.filter((grant) => maySee({ grants: [grant] }, { regionPath: grant.path })).map((grant) => grant.path);
}

/** Whether somebody reads the register of a subtree, and not only the public directory. */
export function readsRegister(actor: Actor | undefined): actor is Actor {
  return actor !== undefined && actor.institutionId === undefined && pathsOf(actor).length > 0;
}

/** Institutions by name, a page at a time: of a subtree for `actor`, else the public directory (机构目录). An exact credit code finds its institution. */
export async function listInstitutions(
  db: Db,
  actor: Actor | undefined,
  filter: InstitutionFilter,
): Promise<{ lines: RegisterLine[]; next: string | undefined; total: number }> {
  const bindings: Record<string, string | number | readonly string[]> = { limit: filter.size + 1 };
  const parts: string[] = [];
  if (actor) {
    parts.push(withinPaths('r.path'));
    bindings['paths'] = pathsOf(actor);
  } else parts.push(directory);
  if (filter.kind) {
    parts.push('i.kind = :kind');
    bindings['kind'] = filter.kind;
  }
  if (filter.status) {
    parts.push('i.status = :status');
    bindings['status'] = filter.status;
  }
  if (filter.region) {
    parts.push(`(r.path like (select path from regions where code = :region) || '/%' or r.code = :region)`);
    bindings['region'] = filter.region;
  }
  if (filter.text) {
    const code = normaliseNumber(filter.text);
    if (/^[0-9A-Z]{18}$/.test(code)) {
      parts.push('i.credit_code = :code');
      bindings['code'] = code;
    } else {
      const named = containing(['i.name'], filter.text);
      // The beginning of a credit code tells enough of them apart from six signs on.
      const begins = /^[0-9A-Z]{6,17}$/.test(code);
      parts.push(begins ? `(${named.sql} or i.credit_code like :begins)` : named.sql);
      Object.assign(bindings, named.bindings, begins ? { begins: beginningWith(code) } : {});
    }
  }
  const counted = await db.raw<{ rows: { total: number }[] }>(
    `select cast(count(*) as int) as total from institutions i join regions r on r.code = i.region where ${parts.join(' and ')}`,
    bindings,
  );
  if (filter.after) {
    parts.push('(i.name, i.credit_code) > (select name, credit_code from institutions where credit_code = :after)');
    bindings['after'] = filter.after;
  }
  const { rows } = await db.raw<{ rows: RegisterLine[] }>(
    `select i.credit_code, i.name, i.kind, i.region, r.name_zh as region_zh, r.name_en as region_en, i.licence_scope, i.credit_grade, i.status,
            ${
              actor
                ? `(select cast(count(*) as int) from classes c where c.status <> 'draft' and c.institution_id = i.id)
                 + (select cast(count(*) as int) from classes c where c.status <> 'draft' and c.assessor_id = i.id and c.institution_id <> i.id)`
                : '0'
            } as classes
       from institutions i join regions r on r.code = i.region
      where ${parts.join(' and ')} order by i.name, i.credit_code limit :limit`,
    bindings,
  );
  const lines = rows.slice(0, filter.size);
  return { lines, next: rows.length > filter.size ? lines.at(-1)?.credit_code : undefined, total: counted.rows[0]?.total ?? 0 };
}

export type RegionChoice = { code: string; name_zh: string; name_en: string; level: string; path: string };

/** The regions of a reader's subtree (or all), from the root down. */
export async function listRegionChoices(db: Db, paths: readonly string[] | undefined): Promise<RegionChoice[]> {
  const query = db('regions').orderBy('path').select<RegionChoice[]>('code', 'name_zh', 'name_en', 'level', 'path');
  if (paths) void query.whereRaw(`exists (select 1 from unnest(cast(? as text[])) p where path = p or path like p || '/%')`, [[...paths]]);
  return query;
}

export type InstitutionHead = InstitutionRow & {
  region_path: string;
  region_zh: string;
  region_en: string;
  teachers: number;
  venues: number;
  /** `own`: its own people; `office`: an officer of its region; `public`: everybody else. */
  reader: 'own' | 'office' | 'public';
};

/** An institution with what its reader is to the institution. The public has no one that was removed. Throws NotFoundError. */
export async function getInstitution(db: Db, visitor: Actor | undefined, creditCode: string): Promise<InstitutionHead> {
  const row = await db('institutions as i')
    .join('regions as r', 'r.code', 'i.region')
    .where('i.credit_code', creditCode)
    .first(
      'i.id',
      'i.credit_code',
      'i.name',
      'i.kind',
      'i.region',
      'i.licence_scope',
      'i.credit_grade',
      'i.contact',
      'i.contact_phone_masked',
      'i.status',
      'i.version',
      'r.path as region_path',
      'r.name_zh as region_zh',
      'r.name_en as region_en',
      db.raw('(select cast(count(*) as int) from teachers where institution_id = i.id and active) as teachers'),
      db.raw('(select cast(count(*) as int) from venues where institution_id = i.id and active) as venues'),
    );
  if (!row) throw new NotFoundError('institution.unknown');
  const reader = readerOf(visitor, row);
  if (reader === 'public' && row.status === 'removed') throw new NotFoundError('institution.unknown');
  return { ...row, reader };
}

function readerOf(visitor: Actor | undefined, row: { id: string; region_path: string }): InstitutionHead['reader'] {
  if (!visitor) return 'public';
  if (visitor.institutionId !== undefined) return visitor.institutionId === row.id ? 'own' : 'public';
  return maySee(visitor, { regionPath: row.region_path }) ? 'office' : 'public';
}

/** The archive behind the public page: own people and officers of the region. Throws NotFoundError. */
export async function getArchive(db: Db, actor: Actor, creditCode: string): Promise<InstitutionHead> {
  const head = await getInstitution(db, actor, creditCode);
  if (head.reader === 'public') throw new NotFoundError('institution.unknown');
  return head;
}

/** Credit code of somebody's own institution. */
export async function findOwnCode(db: Db, actor: Actor): Promise<string | undefined> {
  if (!actor.institutionId) return undefined;
  return (await db('institutions').where({ id: actor.institutionId }).first('credit_code'))?.credit_code;
}

/** Who signed for its entry on the register, and the newest act on its status. */
export async function getRegisterSigns(
  db: Db,
  creditCode: string,
): Promise<{
  registered: { name: string; at: Date } | undefined;
  moved: { act: string; name: string; at: Date; reason: string } | undefined;
}> {
  const { rows } = await db.raw<{ rows: { act: string; name: string; at: Date; reason: string }[] }>(
    `select distinct on (a.act = 'institution.register') a.act, u.name, a.at, coalesce(a.detail ->> 'reason', '') as reason
       from audit_log a join users u on u.id = a.actor
      where a.subject = ? and a.act in ('institution.register', 'institution.suspend', 'institution.restore', 'institution.remove')
      order by a.act = 'institution.register', a.id desc`,
    [institutionSubject(creditCode)],
  );
  const registered = rows.find((row) => row.act === 'institution.register');
  return { registered, moved: rows.find((row) => row !== registered) };
}

export type InstitutionFigures = {
  classes: number;
  running: number;
  enrolled: number;
  examined: number;
  passed: number;
  paid_fen: number;
  inspections: number;
  findings: number;
};

/** Classes that an institution holds or, as a body that assesses, examines; drafts are left out. */
const ownClasses = `select id, status from classes where status <> 'draft' and (institution_id = :id or assessor_id = :id)`;

/** What the rows say of an institution since the beginning. What hangs on its classes is looked up class by class, not gone through for the whole province. */
export async function countArchiveFigures(db: Db, institutionId: string): Promise<InstitutionFigures> {
  const { rows } = await db.raw<{ rows: InstitutionFigures[] }>(
    `with own as materialized (${ownClasses})
     select (select cast(count(*) as int) from own) as classes,
            (select cast(count(*) as int) from own where ${isRunning('own.status')}) as running,
            (select cast(count(distinct e.person_id) as int) from own cross join lateral (
               select person_id from enrolments where class_id = own.id and status = 'enrolled' offset 0) e) as enrolled,
            x.examined, x.passed, n.inspections, n.findings,
            (select cast(coalesce(sum(l.amount_fen), 0) as bigint) from own cross join lateral (
               select amount_fen from payment_lines where class_id = own.id and status = 'paid' offset 0) l) as paid_fen
       from (select cast(count(*) as int) as examined, cast(count(*) filter (where x.passed) as int) as passed from own cross join lateral (
               select passed from results where class_id = own.id offset 0) x) x,
            (select cast(count(*) as int) as inspections, cast(count(*) filter (where i.found = 'finding') as int) as findings from own cross join lateral (
               select found from inspections where class_id = own.id offset 0) i) n`,
    { id: institutionId },
  );
  const [figures] = rows;
  if (!figures) throw new NotFoundError('institution.unknown');
  return figures;
}

/** `ahead`: sessions of living classes from today on. */
export type TeacherLine = TeacherRow & { sessions: number; ahead: number };
export type VenueLine = VenueRow & { sessions: number; ahead: number };

/** Nobody else holds sessions with the teachers of an institution or in its venues: all of its classes but those that ended otherwise than by payment. */
const inUse = (table: 'teachers' | 'venues', column: 'teacher_id' | 'venue_id'): string => `
  select x.*, u.sessions, u.ahead from ${table} x
   cross join lateral (
     select cast(count(*) as int) as sessions, cast(count(*) filter (where s.day >= (select business_today())) as int) as ahead
       from class_sessions s where s.${column} = x.id
        and s.class_id <> all(array(select id from classes c where c.institution_id = :id and not ${isLiving('c.status')}))) u
   where x.institution_id = :id order by x.active desc, x.no`;

/** Those in use first, by number. */
export async function listTeachers(db: Db, institutionId: string): Promise<TeacherLine[]> {
  const { rows } = await db.raw<{ rows: TeacherLine[] }>(inUse('teachers', 'teacher_id'), { id: institutionId });
  return rows;
}

export async function listVenues(db: Db, institutionId: string): Promise<VenueLine[]> {
  const { rows } = await db.raw<{ rows: VenueLine[] }>(inUse('venues', 'venue_id'), { id: institutionId });
  return rows;
}

export async function getTeacher(db: Db, institutionId: string, no: number): Promise<TeacherRow> {
  const row = await db<TeacherRow>('teachers').where({ institution_id: institutionId, no }).first();
  if (!row) throw new NotFoundError('teacher.unknown');
  return row;
}

export async function getVenue(db: Db, institutionId: string, no: number): Promise<VenueRow> {
  const row = await db<VenueRow>('venues').where({ institution_id: institutionId, no }).first();
  if (!row) throw new NotFoundError('venue.unknown');
  return row;
}

export type InstitutionClass = {
  number: string;
  title: string;
  status: ClassStatus;
  project: string;
  start_date: string | null;
  end_date: string | null;
  headcount: number;
  examined: number;
  passed: number;
  paid_fen: number;
  findings: number;
  /** Held by another institution; this one examines. */
  examines: boolean;
};

/** Classes of an institution, newest first; drafts are for its own people. `before` is the number of the last one shown. */
export async function listInstitutionClasses(
  db: Db,
  head: Pick<InstitutionHead, 'id' | 'reader'>,
  { before, size }: { before?: string | undefined; size: number },
): Promise<{ lines: InstitutionClass[]; next: string | undefined }> {
  const { rows } = await db.raw<{ rows: InstitutionClass[] }>(
    `select c.number, c.title, c.status, j.name as project, c.start_date, c.end_date, c.institution_id <> :id as examines,
            e.headcount, x.examined, x.passed, p.paid_fen, n.findings
       from classes c join catalogue_projects j on j.id = c.project_id
       cross join lateral (select cast(count(*) as int) as headcount from enrolments where class_id = c.id and status = 'enrolled') e
       cross join lateral (select cast(count(*) as int) as examined, cast(count(*) filter (where passed) as int) as passed from results where class_id = c.id) x
       cross join lateral (select cast(coalesce(sum(amount_fen), 0) as bigint) as paid_fen from payment_lines where class_id = c.id and status = 'paid') p
       cross join lateral (select cast(count(*) as int) as findings from inspections where class_id = c.id and found = 'finding') n
      where (c.institution_id = :id or c.assessor_id = :id) and (c.status <> 'draft' or (cast(:own as boolean) and c.institution_id = :id))
        and (cast(:before as text) is null or (c.created_at, c.id) < (select created_at, id from classes where number = :before))
      order by c.created_at desc, c.id desc limit :limit`,
    { id: head.id, own: head.reader === 'own', before: before ?? null, limit: size + 1 },
  );
  const lines = rows.slice(0, size);
  return { lines, next: rows.length > size ? lines.at(-1)?.number : undefined };
}

export type InstitutionPaper = {
  id: string;
  kind: string;
  number: string;
  issued_at: Date;
  signatory: string | null;
  class_number: string;
  class_title: string;
};

/** Papers issued about its classes, newest first: found by the index of their classes, looked up for the page alone. Supervision orders stay inside the office. `before` is the id of the last one shown. */
export async function listInstitutionPapers(
  db: Db,
  head: Pick<InstitutionHead, 'id' | 'reader'>,
  { before, size }: { before?: string | undefined; size: number },
): Promise<{ lines: InstitutionPaper[]; next: string | undefined }> {
  const { rows } = await db.raw<{ rows: InstitutionPaper[] }>(
    `with own as materialized (${ownClasses}),
     newest as materialized (
       select x.id from own cross join lateral (
         select p.id, p.issued_at from papers p where p.class_id = own.id ${head.reader === 'own' ? `and p.kind <> 'supervision_order'` : ''}
            ${before ? 'and (p.issued_at, p.id) < (select issued_at, id from papers where id = cast(:before as uuid))' : ''} offset 0) x
        order by x.issued_at desc, x.id desc limit :limit)
     select p.id, p.kind, p.number, p.issued_at, u.name as signatory, c.number as class_number, c.title as class_title
       from newest cross join lateral (select * from papers where id = newest.id offset 0) p
       join classes c on c.id = p.class_id left join users u on u.id = p.signatory
      order by p.issued_at desc, p.id desc`,
    { id: head.id, ...(before ? { before } : {}), limit: size + 1 },
  );
  const lines = rows.slice(0, size);
  return { lines, next: rows.length > size ? lines.at(-1)?.id : undefined };
}

/** Public lists of its classes that are on show or were, newest first. */
export async function listInstitutionLists(
  db: Db,
  institutionId: string,
  limit: number,
): Promise<{ number: string; list: string; title: string; published_at: Date; due_date: string; status: string }[]> {
  const { rows } = await db.raw<{ rows: Awaited<ReturnType<typeof listInstitutionLists>> }>(
    `select d.number, d.list, d.title, d.published_at, d.due_date, d.status
       from (select id from procedures where institution_id = :id and type = 'publicDisclosure' order by opened_at desc limit :limit) p
       join disclosures d on d.procedure_id = p.id
      order by d.published_at desc`,
    { id: institutionId, limit },
  );
  return rows;
}
