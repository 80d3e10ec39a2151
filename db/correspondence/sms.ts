/** Short messages as rows: written in the transaction of the act that causes them, sent afterwards by the SMS desk. */
import type { ProcedureType } from '../../workflows/domain/procedures.ts';
import { nextAttempt } from './attempts.ts';
import type { Db, Trx } from '../client.ts';
import type { TimePlace } from '../queries/time-pages.ts';
import { type OutgoingFilter, readPage } from './outgoing.ts';

export type SmsTemplate = 'correction' | 'approved' | 'refused' | 'urge';

/** By which a list is narrowed. `undelivered`: failed or refused. */
export const smsStates = ['waiting', 'sent', 'kept', 'undelivered'] as const;
export type SmsState = (typeof smsStates)[number];

export type SmsRow = {
  id: string;
  institution_id: string;
  template: SmsTemplate;
  params: Record<string, string | number>;
  phone_masked: string;
  created_at: Date;
  /** `kept`: there is no gateway. `refused`: the gateway does not take the number. */
  status: 'waiting' | 'sent' | 'kept' | 'failed' | 'refused';
  text: string | null;
  attempts: number;
  failure: string | null;
  reference: string | null;
  simulated: boolean;
  sent_at: Date | null;
};

export type NewSms = {
  template: SmsTemplate;
  /** Numbers of classes and papers: nothing about persons. */
  params: Record<string, string | number>;
  /** What it is about. */
  procedureId?: string | undefined;
  /** Names the occasion: one message for each. */
  occasion: string;
};

/** Queues a message to the contact person of an institution; none where the register has no telephone number. */
export async function queueSms(trx: Trx, institutionId: string, { template, params, procedureId, occasion }: NewSms): Promise<void> {
  await trx.raw(
    `insert into sms (institution_id, region, template, params, procedure_id, dedupe, phone_masked, created_at)
     select id, region, :template, :params, cast(:procedureId as text), :occasion, contact_phone_masked, business_now()
       from institutions where id = :institutionId and contact_phone_masked is not null
     on conflict (dedupe) do nothing`,
    { institutionId, template, params: JSON.stringify(params), procedureId: procedureId ?? null, occasion },
  );
}

export type QueuedSms = SmsRow & { phone_sealed: string | null; locale: 'zh-CN' | 'en' };

/** Locks one message whose turn has come, with the number that the register has now, in the language that most people of the institution have set; another desk skips it. */
export async function takeSms(trx: Trx): Promise<QueuedSms | undefined> {
  const { rows } = await trx.raw<{ rows: QueuedSms[] }>(
    `select s.*, i.contact_phone_sealed as phone_sealed, coalesce(i.contact_phone_masked, s.phone_masked) as phone_masked,
            coalesce((select u.locale from users u where u.institution_id = i.id and u.active group by u.locale order by count(*) desc, u.locale desc limit 1), 'zh-CN') as locale
       from sms s join institutions i on i.id = s.institution_id
      where s.status = 'waiting' and s.next_at <= now() order by s.next_at limit 1 for update of s skip locked`,
  );
  return rows[0];
}

export type SmsResult =
  | { status: 'sent'; reference: string; simulated: boolean }
  | { status: 'kept' }
  | { status: 'refused' | 'failed' | 'again'; failure: string; simulated?: boolean };

/** Puts down how an attempt ended. `again`: it is tried once more after a growing pause. */
export async function settleSms(
  trx: Trx,
  sms: Pick<QueuedSms, 'id' | 'phone_masked'>,
  result: SmsResult,
  { text, version }: { text: string; version: number },
): Promise<void> {
  const again = result.status === 'again';
  await trx('sms')
    .where({ id: sms.id })
    .update({
      status: again ? 'waiting' : result.status,
      text,
      letter_version: version,
      phone_masked: sms.phone_masked,
      failure: 'failure' in result ? result.failure : null,
      reference: 'reference' in result ? result.reference : null,
      simulated: 'simulated' in result && result.simulated === true,
      attempts: trx.raw('attempts + 1'),
      ...(again ? { next_at: trx.raw(nextAttempt) } : {}),
      ...(result.status === 'sent' || result.status === 'kept' ? { sent_at: trx.fn.now() } : {}),
    });
}

export type SmsLine = SmsRow & { institution: string; type: ProcedureType | null };

/** A page of those to institutions of these regions, newest first, for the administrator. */
export async function listSms(
  db: Db,
  paths: readonly string[],
  filter: OutgoingFilter<SmsState>,
): Promise<{ messages: SmsLine[]; next: TimePlace | undefined }> {
  const { lines, next } = await readPage<SmsLine>(db, paths, {
    table: 'sms',
    filter,
    columns: 'm.*, i.name as institution, p.type',
    joins: 'join institutions i on i.id = m.institution_id left join procedures p on p.id = m.procedure_id',
  });
  return { messages: lines, next };
}
