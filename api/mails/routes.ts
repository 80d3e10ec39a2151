/** Mails as sent or kept, for the administrator. */
import { z } from 'zod';
import { NotFoundError } from '../../workflows/domain/errors.ts';
import { pathsOf } from '../../db/accounts/accounts.ts';
import { listMails, type MailLine, mailStates } from '../../db/correspondence/mails.ts';
import { readTimeCursor, nextCursor } from '../http/cursors.ts';
import { emptyAsAbsent } from '../http/fields.ts';
import { page } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { listView, NamedCase, namedCase, outgoingQuery } from './list.ts';

const path = '/admin/mails';
/** `id`: that mail alone, as the one that told of another is linked to. */
const Query = outgoingQuery(mailStates).extend({ id: z.uuid().optional().or(emptyAsAbsent) });

const Mail = z
  .object({
    id: z.uuid(),
    to: z.string(),
    login: z.string(),
    template: z.string(),
    subject: z.string().nullable(),
    status: z.enum(mailStates),
    createdAt: z.string(),
    body: z.string().nullable(),
    /** What it is about; of a digest, what each of its parts is about. Empty: an account or a substitution. */
    cases: z.array(NamedCase),
    /** The digest that told of it in its place. */
    digest: z.object({ id: z.uuid(), subject: z.string().nullable() }).nullable(),
    /** It waits a moment for others to the same reader, to go out with them. */
    awaitsDigest: z.boolean(),
  })
  .meta({ id: 'Mail' });

const tones = { queued: 'blue', sent: 'green', kept: 'blue', failed: 'red', merged: 'blue' } as const;

export function mailRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path,
    summary: 'Mails to people of the own regions, sent or kept, newest first: by state, by login, by the number of a case or paper',
    tags: ['administration'],
    access: ['system_admin'],
    query: Query,
    response: z.object({ mails: z.array(Mail), next: z.string().nullable() }),
    errors: [404],
    handle: async ({ db, actor, query, t }) => {
      const { state, q, size, id } = query;
      const found = await listMails(db, pathsOf(actor, 'system_admin'), { state, text: q, id, after: readTimeCursor(query.after), size });
      if (id !== undefined && found.mails.length === 0) throw new NotFoundError('mail.unknown');
      const mails = found.mails.map(mailJson);
      const view = {
        ...listView({ path, noun: 'mails', asked: query, states: mailStates, next: found.next, t }),
        one: id !== undefined,
        mails: mails.map((mail) => ({ ...mail, tone: tones[mail.status] })),
      };
      return page('mails/index', view, { nav: 'admin', json: { mails, next: nextCursor(found.next) } });
    },
  });
}

function mailJson(mail: MailLine): z.output<typeof Mail> {
  return {
    id: mail.id,
    to: mail.name,
    login: mail.login,
    template: mail.template,
    subject: mail.subject,
    status: mail.status,
    createdAt: mail.created_at.toISOString(),
    body: mail.body,
    cases: mail.cases.map(namedCase),
    digest: mail.merged_into === null ? null : { id: mail.merged_into, subject: mail.digest_subject },
    awaitsDigest: mail.status === 'queued' && mail.digest !== null && mail.attempts === 0,
  };
}
