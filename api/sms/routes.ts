/** Short messages as sent, refused or kept, for the administrator. */
import { z } from 'zod';
import { pathsOf } from '../../db/accounts/accounts.ts';
import { listSms } from '../../db/correspondence/sms.ts';
import { FailedOnly } from '../http/fields.ts';
import { page } from '../http/replies.ts';
import type { Translate, Words } from '../pages/i18n.ts';
import { type Counter, route } from '../http/routing.ts';

const SHOWN = 100;

const Sms = z
  .object({
    id: z.uuid(),
    institution: z.string(),
    /** Masked. */
    phone: z.string(),
    template: z.string(),
    text: z.string().nullable(),
    status: z.enum(['waiting', 'sent', 'kept', 'failed', 'refused']),
    attempts: z.number().int(),
    failure: z.string().nullable(),
    /** A simulated gateway took it: nobody got it. */
    simulated: z.boolean(),
    createdAt: z.string(),
  })
  .meta({ id: 'Sms' });

const tones = { waiting: 'blue', sent: 'green', kept: 'blue', failed: 'red', refused: 'red' } as const;

export function smsRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/admin/sms',
    summary: 'The newest short messages to institutions of the own regions with their state; numbers are masked',
    tags: ['administration'],
    access: ['system_admin'],
    query: FailedOnly,
    response: z.object({ messages: z.array(Sms) }),
    handle: async ({ db, actor, deps, query, t }) => {
      const failed = query.failed === '1';
      const messages = (await listSms(db, { paths: pathsOf(actor, 'system_admin'), limit: SHOWN, failed })).map((sms) => ({
        id: sms.id,
        institution: sms.institution,
        phone: sms.phone_masked,
        template: sms.template,
        text: sms.text,
        status: sms.status,
        attempts: sms.attempts,
        failure: sms.failure,
        simulated: sms.simulated,
        createdAt: sms.created_at.toISOString(),
      }));
      const shown = messages.map((sms) => ({
        ...sms,
        what: t(`sms.templates.${sms.template}`),
        state: t(`sms.states.${sms.status}`),
        tone: tones[sms.status],
        cause: causeOf(sms.failure, t, deps.words),
      }));
      return page('sms/index', { messages: shown, failed }, { nav: 'admin', json: { messages } });
    },
  });
}

/** Words for what the desk knows; what a gateway says otherwise stands as it is. */
function causeOf(failure: string | null, t: Translate, words: Words): string {
  const key = `sms.failures.${failure?.replaceAll(' ', '_')}`;
  return words.has(key) ? t(key) : (failure ?? '');
}
