/** Short messages as rows: written in the transaction of the act that causes them, sent afterwards by the SMS desk. */
import { nextAttempt } from './attempts.ts';
import type { Db, Trx } from '../client.ts';
import { newestIds } from './newest.ts';

export type SmsTemplate = 'correction' | 'approved' | 'refused' | 'urge';

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
  /** Names the occasion: one message for each. */
  occasion: string;
};

/** Queues a message to the contact person of an institution; none where the register has no telephone number. */
export async function queueSms(trx: Trx, institutionId: string, { template, params, occasion }: NewSms): Promise<void> {
  await trx.raw(
    `insert into sms (institution_id, region, template, params, dedupe, phone_masked, created_at)
     select id, region, :template, :params, :occasion, contact_phone_masked, business_now()
       from institutions where id = :institutionId and contact_phone_masked is not null
     on conflict (dedupe) do nothing`,
    { institutionId, template, params: JSON.stringify(params), occasion },
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

/** The newest to institutions of these regions, for the administrator; `failed`: those that did not arrive. */
export async function listSms(
  db: Db,
  { paths, limit, failed = false }: { paths: readonly string[]; limit: number; failed?: boolean },
): Promise<(SmsRow & { institution: string })[]> {
  const { rows } = await db.raw<{ rows: (SmsRow & { institution: string })[] }>(
    `select s.*, i.name as institution from (${newestIds('sms', failed)}) n join sms s on s.id = n.id join institutions i on i.id = s.institution_id
      order by s.created_at desc, s.id`,
    { paths: [...paths], limit },
  );
  return rows;
}
