/** Copies (抄送): an officer sends a class to colleagues for information. A notice to each and a line of the record; nothing is asked of anybody. */
import type { Knex } from 'knex';
import { inputError, NotFoundError } from '../../workflows/domain/errors.ts';
import { readingRoles } from '../../workflows/domain/roles.ts';
import type { Actor } from '../accounts/users.ts';
import { classProcedureId } from '../classes/classes.ts';
import type { Db } from '../client.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { auditProcedure, lockProcedure } from '../protocol/procedures.ts';
import { getClassHead } from '../views/classes/classes.ts';
import { tell } from './tell.ts';

export type CopyReader = { id: string; name: string; roles: string[]; region_zh: string; region_en: string };

/** Who may read a class of this region besides the sender: those with a reading role there or above, the nearest office first. */
export async function listCopyReaders(db: Db, regionPath: string, sender: string): Promise<CopyReader[]> {
  const { rows } = await db.raw<{ rows: CopyReader[] }>(
    `select u.id, u.name, array_agg(distinct g.role order by g.role) as roles,
            (array_agg(r.name_zh order by length(g.path) desc))[1] as region_zh, (array_agg(r.name_en order by length(g.path) desc))[1] as region_en
       from users u join grants_in_force g on g.user_id = u.id join regions r on r.code = g.region
      where u.active and u.institution_id is null and u.id <> :sender and g.role = any(cast(:roles as text[]))
        and (cast(:path as text) = g.path or cast(:path as text) like g.path || '/%')
      group by u.id order by max(length(g.path)) desc, min(g.role), u.name, u.id`,
    { path: regionPath, sender, roles: [...readingRoles] },
  );
  return rows;
}

export type NewCopy = { to: readonly string[]; remark: string };

/**
 * Sends a submitted class to colleagues. Throws NotFoundError outside the sender's region, InputError at `to` (copy.notReader).
 */
export async function sendCopy(
  db: Knex,
  actor: Actor,
  number: string,
  { to, remark }: NewCopy,
  request?: IdempotentRequest,
): Promise<{ told: number }> {
  return onceOnly(db, request, async (trx) => {
    const head = await getClassHead(trx, actor, number);
    if (!head.procedure || actor.institutionId !== undefined) throw new NotFoundError('class.unknown');
    const readers = new Set((await listCopyReaders(trx, head.region_path, actor.userId)).map(({ id }) => id));
    if (to.some((person) => !readers.has(person))) throw inputError('to', 'copy.notReader');
    const procedure = await lockProcedure(trx, classProcedureId(number));
    const people = [...new Set(to)];
    await auditProcedure(trx, procedure, actor.userId, {
      act: 'class.copy',
      subject: procedure.id,
      detail: { people: people.length, to: people, reason: remark },
    });
    const told = await tell(trx, 'class.copied', {
      procedure,
      people,
      remark,
      actor: actor.userId,
      key: `${number}/${procedure.audit_no}`,
    });
    return { told: told.length };
  });
}

export type CopyOnRecord = { no: number; at: Date; sender: string; readers: string[]; remark: string };

/** What was sent about a class, newest first, a page at a time; `before` and `next` are numbers of its record. */
export async function listCopies(
  db: Db,
  number: string,
  { before, size }: { before?: number | undefined; size: number },
): Promise<{ copies: CopyOnRecord[]; next: number | undefined }> {
  const { rows } = await db.raw<{ rows: CopyOnRecord[] }>(
    `select a.no, a.at, u.name as sender, a.detail ->> 'reason' as remark,
            (select coalesce(array_agg(w.name order by w.name), '{}') from users w where a.detail -> 'to' \\? cast(w.id as text)) as readers
       from audit_log a join users u on u.id = a.actor
      where a.procedure_id = :procedure and a.act = 'class.copy' and (cast(:before as bigint) is null or a.no < cast(:before as bigint)) order by a.no desc limit :limit`,
    { procedure: classProcedureId(number), before: before ?? null, limit: size + 1 },
  );
  const copies = rows.slice(0, size);
  return { copies, next: rows.length > size ? copies.at(-1)?.no : undefined };
}
