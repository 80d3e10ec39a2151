/** Short messages as sent, refused or kept, for the administrator. */
import { z } from 'zod';
import { pathsOf } from '../../db/accounts/accounts.ts';
import { listSms, smsStates } from '../../db/correspondence/sms.ts';
import { readTimeCursor, nextCursor } from '../http/cursors.ts';
import { page } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { listView, NamedCase, namedCase, outgoingQuery } from '../mails/list.ts';
import type { Translate, Words } from '../pages/i18n.ts';

const path = '/admin/sms';
const Query = outgoingQuery(smsStates);

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
    case: NamedCase.nullable(),
  })
  .meta({ id: 'Sms' });

const tones = { waiting: 'blue', sent: 'green', kept: 'blue', failed: 'red', refused: 'red' } as const;

export function smsRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path,
    summary:
      'Short messages to institutions of the own regions with their state, newest first: by state, by login or credit code, by the number of a case or paper; telephone numbers are masked',
    tags: ['administration'],
    access: ['system_admin'],
    query: Query,
    response: z.object({ messages: z.array(Sms), next: z.string().nullable() }),
    handle: async ({ db, actor, deps, query, t }) => {
      const { state, q, size } = query;
      const found = await listSms(db, pathsOf(actor, 'system_admin'), { state, text: q, after: readTimeCursor(query.after), size });
      const messages = found.messages.map((sms) => ({
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
        case: sms.params['number'] ? namedCase({ number: String(sms.params['number']), type: sms.type }) : null,
      }));
      const shown = messages.map((sms) => ({
        ...sms,
        what: t(`sms.templates.${sms.template}`),
        state: t(`sms.states.${sms.status}`),
        tone: tones[sms.status],
        cause: causeOf(sms.failure, t, deps.words),
      }));
      const list = listView({ path, noun: 'sms', asked: query, states: smsStates, next: found.next, t });
      return page('sms/index', { ...list, messages: shown }, { nav: 'admin', json: { messages, next: nextCursor(found.next) } });
    },
  });
}

/** Words for what the desk knows; what a gateway says otherwise stands as it is. */
function causeOf(failure: string | null, t: Translate, words: Words): string {
  const key = `sms.failures.${failure?.replaceAll(' ', '_')}`;
  return words.has(key) ? t(key) : (failure ?? '');
}
