/** The conversation (沟通) of the office and an institution about a class: on record, never changed, its words sealed into the audit chain by their digest. */
import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { NotAllowedError, NotFoundError } from '../../workflows/domain/errors.ts';
import { readsMessages, sideOf } from '../../workflows/domain/classes/message.ts';
import { type Actor, listInstitutionPeople } from '../accounts/users.ts';
import { inTransaction, type Trx } from '../client.ts';
import { listWaitingReaders, readMessageNotices } from '../correspondence/notices.ts';
import { tell } from '../correspondence/tell.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { auditProcedure, lockProcedure } from '../protocol/procedures.ts';
import { getClassHead } from '../views/classes/classes.ts';
import { classProcedureId } from './classes.ts';

/**
 * Says something about a submitted class. Throws NotFoundError class.unknown, NotAllowedError message.notYours.
 */
export async function sendMessage(
  db: Knex,
  actor: Actor,
  number: string,
  text: string,
  request?: IdempotentRequest,
): Promise<{ id: string }> {
  return onceOnly(db, request, async (trx) => {
    const head = await getClassHead(trx, actor, number);
    if (!head.procedure || !readsMessages(actor, head)) throw new NotFoundError('class.unknown');
    const speaks = sideOf(actor, head);
    if (!speaks) throw new NotAllowedError('message.notYours');
    const procedure = await lockProcedure(trx, classProcedureId(number));
    const [row] = await trx('class_messages')
      .insert({
        class_id: head.id,
        side: speaks.side,
        author: actor.userId,
        office: speaks.side === 'office' ? speaks.office : null,
        body: text,
        sent_at: procedure.now,
      })
      .returning<{ id: string }[]>('id');
    const id = row?.id ?? '';
    await auditProcedure(trx, procedure, actor.userId, {
      act: 'message.send',
      subject: procedure.id,
      detail: { message: id, side: speaks.side, sha256: createHash('sha256').update(text).digest('hex') },
    });
    const people = await listReaders(trx, head, speaks.side);
    const waiting = await listWaitingReaders(trx, head.id);
    const fresh = people.filter((person) => !waiting.includes(person));
    await tell(trx, 'message.received', { procedure, people: fresh, actor: actor.userId, key: id });
    return { id };
  });
}

/** Whom a message concerns: the people of the institution, or the officers who wrote about the class before or have one of its tasks in hand. */
async function listReaders(trx: Trx, head: { id: string; institution_id: string }, from: 'office' | 'institution'): Promise<string[]> {
  if (from === 'office') return listInstitutionPeople(trx, head.institution_id);
  const { rows } = await trx.raw<{ rows: { person: string }[] }>(
    `select author as person from class_messages where class_id = :id and side = 'office'
     union select claimed_by from tasks where class_id = :id and status = 'open' and role not in ('institution', 'assessor') and claimed_by is not null`,
    { id: head.id },
  );
  return rows.map(({ person }) => person);
}

/** Marks as read what the other side wrote among the messages shown; who only reads the conversation marks nothing. */
export async function markMessagesRead(
  db: Knex,
  actor: Actor,
  subject: { id: string; institution_id: string; region_path: string },
  shown: { from: number; upTo: number },
): Promise<void> {
  const speaks = sideOf(actor, subject);
  if (!speaks) return;
  await inTransaction(db, async (trx) => {
    await readMessageNotices(trx, actor.userId, subject.id);
    await trx.raw(
      `insert into class_message_reads (message_id, user_id, read_at)
       select m.id, :reader, business_now() from class_messages m
        where m.class_id = :classId and m.side <> :side and m.no between :from and :upTo
          and not exists (select 1 from class_message_reads r where r.message_id = m.id and r.user_id = :reader)
       on conflict do nothing`,
      { reader: actor.userId, classId: subject.id, side: speaks.side, ...shown },
    );
  });
}
