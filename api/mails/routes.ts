/** Mails as sent or kept, for the administrator. */
import { z } from 'zod';
import { pathsOf } from '../../db/accounts/accounts.ts';
import { listMails } from '../../db/correspondence/mails.ts';
import { FailedOnly } from '../http/fields.ts';
import { page } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';

const SHOWN = 100;

const Mail = z
  .object({
    id: z.string(),
    to: z.string(),
    template: z.string(),
    subject: z.string().nullable(),
    status: z.string(),
    createdAt: z.string(),
    body: z.string().nullable(),
  })
  .meta({ id: 'Mail' });

export function mailRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/admin/mails',
    summary: 'The newest mails to people of the own regions, sent or kept',
    tags: ['administration'],
    access: ['system_admin'],
    query: FailedOnly,
    response: z.object({ mails: z.array(Mail) }),
    handle: async ({ db, actor, query }) => {
      const failed = query.failed === '1';
      const mails = (await listMails(db, { paths: pathsOf(actor, 'system_admin'), limit: SHOWN, failed })).map((mail) => ({
        id: mail.id,
        to: mail.name,
        template: mail.template,
        subject: mail.subject,
        status: mail.status,
        createdAt: mail.created_at.toISOString(),
        body: mail.body,
      }));
      return page('mails/index', { mails, failed }, { nav: 'admin', json: { mails } });
    },
  });
}
