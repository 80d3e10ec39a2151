/** Mails as rows: written in the transaction of the act that causes them, sent afterwards by the mail desk. */
import type { ProcedureType } from '../../workflows/domain/procedures.ts';
import { nextAttempt } from './attempts.ts';
import type { Db, Trx } from '../client.ts';
import type { TimePlace } from '../queries/time-pages.ts';
import { type OutgoingFilter, readPage } from './outgoing.ts';

export type MailTemplate =
  | 'reminder'
  | 'overdue'
  | 'escalation'
  | 'correction'
  | 'urge'
  | 'assigned'
  | 'opinion_asked'
  | 'opinion_given'
  | 'signature_asked'
  | 'outcome'
  | 'set_up'
  | 'substitute';
/** `merged`: another mail told of it. */
export const mailStates = ['queued', 'sent', 'kept', 'failed', 'merged'] as const;
export type MailState = (typeof mailStates)[number];
export type MailRow = {
  id: string;
  user_id: string;
  template: MailTemplate;
  params: Record<string, string | number>;
  created_at: Date;
  status: MailState;
  /** Business day of the digest that it may be part of. */
  digest: string | null;
  subject: string | null;
  html: string | null;
  body: string | null;
  attempts: number;
  sent_at: Date | null;
};

export type NewMail = {
  template: MailTemplate;
  /** Numbers, titles, dates: no personal data. */
  params: Record<string, string | number>;
  /** Names the occasion: one mail per person and occasion. */
  occasion: string;
  /** What it is about; an account or a substitution is no procedure. */
  procedureId?: string | undefined;
  /** Business day: it waits a moment for others to the same reader and goes out with them. */
  digest?: string | undefined;
};

/** How long a mail of a digest waits for others, in seconds of real time: rungs of one morning ring within it. */
const DIGEST_WAIT_S = 60;

/** Queues a mail to each of these people. */
export async function queueMails(trx: Trx, userIds: readonly string[], mail: NewMail): Promise<void> {
  await trx.raw(
    `insert into mails (user_id, region, template, params, procedure_id, dedupe, created_at, digest, next_at)
     select id, region, :template, :params, cast(:procedureId as text), :occasion || '/' || id, business_now(), cast(:digest as date), now() + case when cast(:digest as date) is null then 0 else cast(:wait as int) end * interval '1 second'
       from users where id = any(cast(:userIds as uuid[])) on conflict (dedupe) do nothing`,
    {
      userIds: [...userIds],
      template: mail.template,
      params: JSON.stringify(mail.params),
      procedureId: mail.procedureId ?? null,
      occasion: mail.occasion,
      digest: mail.digest ?? null,
      wait: DIGEST_WAIT_S,
    },
  );
}

export type QueuedMail = MailRow & { address: string | null; name: string; locale: 'zh-CN' | 'en' };

/** Locks mails whose turn has come; another mail desk skips them. */
export async function takeMails(trx: Trx, limit: number): Promise<QueuedMail[]> {
  const { rows } = await trx.raw<{ rows: QueuedMail[] }>(
    `select m.*, u.email as address, u.name, u.locale from mails m join users u on u.id = m.user_id
      where m.status = 'queued' and m.next_at <= now() order by m.next_at limit ? for update of m skip locked`,
    [limit],
  );
  return rows;
}

/** The other mails of the same digest, locked: they go out with this one, whether their turn has come or not. */
export async function takeSiblings(trx: Trx, mail: QueuedMail): Promise<QueuedMail[]> {
  if (mail.digest === null) return [];
  const { rows } = await trx.raw<{ rows: QueuedMail[] }>(
    `select m.*, u.email as address, u.name, u.locale from mails m join users u on u.id = m.user_id
      where m.user_id = ? and m.digest = ? and m.status = 'queued' and m.id <> ? order by m.created_at, m.id for update of m skip locked`,
    [mail.user_id, mail.digest, mail.id],
  );
  return rows;
}

/** Those of which another mail has told. */
export async function mergeMails(trx: Trx, ids: readonly string[], into: string): Promise<void> {
  await trx('mails').whereIn('id', ids).update({ status: 'merged', merged_into: into, sent_at: trx.fn.now() });
}

export async function settleMail(
  trx: Trx,
  id: string,
  result:
    | { status: 'sent' | 'kept'; subject: string; html: string; body: string; version: number }
    | { status: 'again' }
    | { status: 'failed' },
): Promise<void> {
  if (result.status === 'again' || result.status === 'failed') {
    await trx.raw(`update mails set attempts = attempts + 1, status = ?, next_at = ${nextAttempt} where id = ?`, [
      result.status === 'failed' ? 'failed' : 'queued',
      id,
    ]);
    return;
  }
  await trx('mails')
    .where({ id })
    .update({
      status: result.status,
      subject: result.subject,
      html: result.html,
      body: result.body,
      letter_version: result.version,
      attempts: trx.raw('attempts + 1'),
      sent_at: trx.fn.now(),
    });
}

/** What a mail is about, of a digest what each of its parts is about. */
export type MailCase = { number: string; type: ProcedureType | null };
export type MailLine = MailRow & {
  name: string;
  login: string;
  merged_into: string | null;
  /** Of the digest that told of it. */
  digest_subject: string | null;
  cases: MailCase[];
};

/** A page of those to people of these regions, newest first, for the administrator. */
export async function listMails(
  db: Db,
  paths: readonly string[],
  filter: OutgoingFilter<MailState>,
): Promise<{ mails: MailLine[]; next: TimePlace | undefined }> {
  const { lines, next } = await readPage<MailLine>(db, paths, {
    table: 'mails',
    filter,
    columns: `m.*, u.name, u.login, d.subject as digest_subject, c.cases`,
    joins: `join users u on u.id = m.user_id
       left join mails d on d.id = m.merged_into
       cross join lateral (
         select coalesce(json_agg(json_build_object('number', a.number, 'type', p.type) order by a.number), '[]') as cases
           from (select x.params ->> 'number' as number, max(x.procedure_id) as procedure_id
                   from (select params, procedure_id from mails where id = m.id union all select params, procedure_id from mails where merged_into = m.id) x
                  where x.params ->> 'number' <> '' group by 1) a
           left join procedures p on p.id = a.procedure_id) c`,
  });
  return { mails: lines, next };
}
