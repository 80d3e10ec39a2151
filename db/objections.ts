/** Objections to public lists: one holds only the person named. */
import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { ConflictError, inputError, NotFoundError } from '../workflows/domain/errors.ts';
import type { Trx } from './client.ts';
import { procedureIdOf } from '../workflows/domain/procedures.ts';
import type { Outcome } from '../workflows/domain/stages.ts';
import type { DecisionContext } from './protocol/decision-rules.ts';
import { getDisclosure } from './disclosures.ts';
import { type IdempotentRequest, onceOnly } from './protocol/idempotency.ts';
import { inheritFrom, startProcedure, tellProcedure } from './protocol/life.ts';
import { type LockedProcedure, lockProcedure } from './protocol/procedures.ts';
import { nextNumber } from './serial-numbers.ts';
import { placeOf, type Vault } from './vault.ts';

export type NewObjection = { disclosureNumber: string; seat?: number | undefined; grounds: string; contact?: string | undefined };
export type ObjectionRow = {
  id: string;
  receipt: string;
  procedure_id: string;
  disclosure_id: string;
  class_id: string;
  enrolment_id: string | null;
  grounds: string;
  raised_at: Date;
  status: 'open' | 'upheld' | 'dismissed';
  answer: string | null;
  decided_at: Date | null;
};

/**
 * Raises an objection within the period of a list. Holds the person named, opens a procedure with a clock of its own, returns the receipt.
 * Throws ConflictError `objection.periodOver` after 24:00 of the last day, however late the clock's own fact is.
 */
export async function raiseObjection(
  db: Knex,
  vault: Vault,
  objection: NewObjection,
  request?: IdempotentRequest,
): Promise<{ receipt: string }> {
  return onceOnly(db, request, async (trx) => {
    const disclosure = await getDisclosure(trx, objection.disclosureNumber);
    const parent = await lockProcedure(trx, disclosure.parent_procedure_id);
    if (disclosure.status !== 'open' || disclosure.due_at <= parent.now) throw new ConflictError('objection.periodOver');
    const enrolmentId = objection.seat === undefined ? undefined : await enrolmentAt(trx, disclosure.class_id, objection.seat);
    const number = await nextNumber(trx, 'objection', disclosure.region, parent.today.slice(0, 4));
    const receipt = receiptFor(number);
    const procedureId = procedureIdOf('objection', number);
    await startProcedure(
      trx,
      { id: procedureId, type: 'objection', ...inheritFrom(parent), subjectId: disclosure.id, classId: disclosure.class_id, number },
      { audit: { act: 'objection.raise', detail: { disclosure: disclosure.number } } },
    );
    const [row] = await trx('objections')
      .insert({
        receipt,
        procedure_id: procedureId,
        disclosure_id: disclosure.id,
        class_id: disclosure.class_id,
        enrolment_id: enrolmentId ?? null,
        grounds: objection.grounds,
        raised_at: parent.now,
      })
      .returning('id');
    if (objection.contact) {
      await trx('objections')
        .where({ id: row.id })
        .update({ contact_sealed: vault.seal(placeOf('objections', 'contact_sealed', row.id), objection.contact) });
    }
    if (enrolmentId) await trx('enrolments').where({ id: enrolmentId }).whereNull('held_by').update({ held_by: procedureId });
    return { receipt };
  });
}

async function enrolmentAt(trx: Trx, classId: string, seat: number): Promise<string> {
  const row = await trx('enrolments').where({ class_id: classId, seat }).first('id');
  if (!row) throw inputError('seat', 'objection.seat');
  return row.id;
}

/** Digits and letters that are not mistaken for each other when written down. */
const receiptLetters = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';

/** The number of the objection with ten characters by chance: numbers can be counted through, and the answer is for who holds the receipt. */
function receiptFor(number: string): string {
  return `${number}-${[...randomBytes(10)].map((byte) => receiptLetters[byte % receiptLetters.length]).join('')}`;
}

/** By its receipt, in capitals or not. */
export async function findObjection(db: Knex | Trx, receipt: string): Promise<ObjectionRow | undefined> {
  return db<ObjectionRow>('objections').where({ receipt: receipt.trim().toUpperCase() }).first();
}

/** Decision rule: the answer goes to the objector's receipt; an upheld objection takes the person named off the list of payees. */
export async function decideObjection({ trx, actor, procedure, decision }: DecisionContext): Promise<void> {
  const row = await trx<ObjectionRow>('objections').where({ procedure_id: procedure.id }).first();
  if (!row) throw new NotFoundError('objection.unknown');
  await trx('objections')
    .where({ id: row.id, status: 'open' })
    .update({
      status: decision.outcome === 'uphold' ? 'upheld' : 'dismissed',
      answer: decision.reason ?? '',
      decided_by: actor.userId,
      decided_at: procedure.now,
    });
}

/** The last step: lifts the hold or excludes the person, and rings the application of the class if there is one. */
export async function closeObjection(trx: Trx, procedure: LockedProcedure, outcome: Outcome<'objection'>): Promise<void> {
  const row = await trx<ObjectionRow>('objections').where({ procedure_id: procedure.id }).first();
  if (!row) throw new NotFoundError('objection.unknown');
  // Its lines are written under the lock of the application, as its approval and its batches write them.
  const application = await trx('subsidy_applications').where({ class_id: row.class_id }).first('procedure_id');
  if (application) await lockProcedure(trx, application.procedure_id);
  if (row.enrolment_id) {
    if (outcome === 'upheld') {
      const excluded = { status: 'excluded', status_reason: `objection ${procedure.subject_number}` };
      await trx('payment_lines')
        .where({ enrolment_id: row.enrolment_id })
        .whereIn('status', ['claimed', 'approved', 'in_batch', 'failed'])
        .update(excluded);
      const gone = trx('payment_lines')
        .where({ enrolment_id: row.enrolment_id })
        .whereIn('status', ['sent', 'paid'])
        .select('enrolment_id');
      await trx('enrolments').where({ id: row.enrolment_id }).whereNotIn('id', gone).update(excluded);
    }
    // Another objection to the same person goes on holding.
    const next = await trx('objections')
      .where({ enrolment_id: row.enrolment_id, status: 'open' })
      .whereNot({ id: row.id })
      .orderBy('raised_at')
      .first('procedure_id');
    await trx('enrolments')
      .where({ id: row.enrolment_id, held_by: procedure.id })
      .update({ held_by: next?.procedure_id ?? null });
  }
  if (!application) return;
  const audit = { act: `objection.${outcome}`, subject: procedure.id };
  await tellProcedure(trx, application.procedure_id, { kind: 'objection_decided', outcome }, audit);
}
