/** The audit log as its reader sees it: filtered, page by page. */
import { withinPaths } from '../../regions.ts';
import { withoutTyped } from '../../../workflows/domain/people/typed-text.ts';
import type { Db } from '../../client.ts';
import { auditOutside } from '../../protocol/procedures.ts';
import type { Actor } from '../../accounts/users.ts';
import { beginningWith } from '../../queries/text-search.ts';

export type AuditRow = {
  id: number;
  at: Date;
  recordedAt: Date;
  actorLogin: string | null;
  actorName: string | null;
  act: string;
  subject: string;
  /** Login of the account that the line is about. */
  subjectLogin: string | null;
  procedureId: string | null;
  /** The chain of a line outside of all procedures. */
  lane: number | null;
  /** Its place in the chain of its procedure, or of its lane. */
  no: number;
  detail: Record<string, unknown>;
};

export type AuditFilter = {
  /** Login of who acted. */
  person?: string | undefined;
  /** An act, or the first part of acts: `grant` finds `grant.confirm`. */
  act?: string | undefined;
  /** The beginning of a subject. */
  subject?: string | undefined;
  /** Days by the business clock, both counted in. */
  from?: string | undefined;
  to?: string | undefined;
  /** Only where somebody looked at personal data. */
  reads?: boolean | undefined;
};

/** Acts that are reads of personal data. */
export const readingActs: readonly string[] = ['person.reveal', 'person.search', 'batch.file', 'audit.export'];

/** Where this reader reads the log. */
export const auditPaths = (actor: Actor): string[] =>
  actor.grants.filter((grant) => grant.role === 'audit_admin' || grant.role === 'auditor').map((grant) => grant.path);

const subjectLogin = `case when a.subject ~ '^account-[0-9a-f-]{36}$' then (select s.login from users s where s.id = cast(substr(a.subject, 9) as uuid)) end as "subjectLogin"`;

export const auditColumns = `a.id, a.at, a.recorded_at as "recordedAt", u.login as "actorLogin", u.name as "actorName", a.act, a.subject, ${subjectLogin}, a.procedure_id as "procedureId", a.lane, a.no, a.detail`;

/** Whether this reader's regions are all there are. */
export function readsWholeLog(actor: Actor): boolean {
  return auditPaths(actor).some((path) => !path.includes('/'));
}

/** Lines after `after`, the newest first. A line belongs to the region of its procedure and to that of who acted; whoever reads from the root reads all. */
export async function listAuditLines(
  db: Db,
  actor: Actor,
  filter: AuditFilter,
  page: { after?: number | undefined; size: number },
): Promise<{ lines: AuditRow[]; next: number | undefined }> {
  const where = conditionsOf(actor, filter);
  if (page.after !== undefined) where.parts.push('a.id < :after');
  const { rows } = await db.raw<{ rows: AuditRow[] }>(
    `select ${auditColumns}
       from audit_log a left join users u on u.id = a.actor
      ${where.parts.length > 0 ? `where ${where.parts.join(' and ')}` : ''} order by a.id desc limit :limit`,
    { ...where.bindings, after: page.after ?? null, limit: page.size + 1 },
  );
  const lines = rows.slice(0, page.size);
  return { lines, next: rows.length > page.size ? lines.at(-1)?.id : undefined };
}

/** How far the log goes back, and what of the last day its reader should look into. `refused` and `locked` for who reads all. */
export type AuditKeeping = { since: Date | null; refused: number | null; locked: number | null };

/** Figures of a day are looked for among so many of the latest lines of their act. */
const LATEST = 1_000;

export async function readAuditKeeping(db: Db, actor: Actor): Promise<AuditKeeping> {
  const lastDay = (act: string) =>
    `(select cast(count(*) as int) from (select recorded_at from audit_log where act = '${act}' order by id desc limit ${LATEST}) l
       where l.recorded_at > clock_timestamp() - interval '1 day')`;
  const whole = readsWholeLog(actor);
  const { rows } = await db.raw<{ rows: AuditKeeping[] }>(
    `select (select recorded_at from audit_log order by id limit 1) as since, ${whole ? lastDay('session.refuse') : 'null'} as refused,
            ${whole ? lastDay('session.lock') : 'null'} as locked`,
  );
  return rows[0] ?? { since: null, refused: null, locked: null };
}

function conditionsOf(actor: Actor, filter: AuditFilter): { parts: string[]; bindings: Record<string, unknown> } {
  const parts: string[] = [];
  const bindings: Record<string, unknown> = {};
  const own = auditPaths(actor);
  if (!own.some((path) => !path.includes('/'))) {
    parts.push(
      `(exists (select from procedures o where o.id = a.procedure_id and ${withinPaths('o.region_path')})
        or exists (select from users w join regions r on r.code = w.region where w.id = a.actor and ${withinPaths('r.path')}))`,
    );
    bindings['paths'] = own;
  }
  if (filter.person) {
    parts.push('a.actor = (select id from users where lower(login) = lower(:person))');
    bindings['person'] = filter.person;
  }
  if (filter.act) {
    parts.push(`(a.act = :act or a.act like :actBegins)`);
    bindings['act'] = filter.act;
    bindings['actBegins'] = beginningWith(`${filter.act}.`);
  }
  if (filter.subject) {
    parts.push('a.subject like :subject');
    bindings['subject'] = beginningWith(filter.subject);
  }
  if (filter.from) {
    parts.push(`a.at >= cast(cast(:from as date) as timestamp) at time zone 'Asia/Shanghai'`);
    bindings['from'] = filter.from;
  }
  if (filter.to) {
    parts.push(`a.at < cast(cast(:to as date) + 1 as timestamp) at time zone 'Asia/Shanghai'`);
    bindings['to'] = filter.to;
  }
  if (filter.reads) {
    parts.push('a.act = any(cast(:reads as text[]))');
    bindings['reads'] = [...readingActs];
  }
  return { parts, bindings };
}

const BATCH = 1_000;

/** Every line that the filter finds, in batches; the export itself is the first thing put on record. */
export async function* exportAuditLines(db: Db, actor: Actor, filter: AuditFilter): AsyncGenerator<AuditRow[]> {
  await auditOutside(db, actor.userId, { act: 'audit.export', subject: 'audit-log', detail: withoutTyped(filter, 'person', 'subject') });
  for (let after: number | undefined; ; ) {
    const { lines, next } = await listAuditLines(db, actor, filter, { after, size: BATCH });
    if (lines.length > 0) yield lines;
    if (next === undefined) return;
    after = next;
  }
}
