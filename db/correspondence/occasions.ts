/**
 * Of what people are told, and how: one row per occasion. A new one is a row here, its words in `notices.json`, and one `tell` in the transaction
 * of the act.
 */
import type { MailTemplate } from './mails.ts';
import type { SmsTemplate } from './sms.ts';

/**
 * `whom`: who works on the task (`workers`), before whom it is brought (`superiors`), the people of the institution, or those whom the act names.
 * `side`: what is inside the office never reaches anybody of an institution, and the reverse, whomever the act names.
 * `leadsTo`: the page behind the notice.
 */
type Occasion = {
  whom: 'workers' | 'superiors' | 'institution' | 'named';
  side: 'office' | 'institution' | 'both';
  leadsTo: 'task' | 'class' | 'messages' | 'substitutions';
  mail?: MailTemplate;
  /** To the contact person of the institution whose task or class it is, where the register has a telephone number. */
  sms?: SmsTemplate;
  /** It asks for something to be done about the task: once the task has ended nobody needs to read it. */
  asks?: true;
};

const list = {
  'task.assigned': { whom: 'named', side: 'office', leadsTo: 'task', mail: 'assigned', asks: true },
  'task.taken_over': { whom: 'named', side: 'office', leadsTo: 'task' },
  'task.urged': { whom: 'workers', side: 'both', leadsTo: 'task', mail: 'urge', sms: 'urge', asks: true },
  'task.prioritised': { whom: 'named', side: 'office', leadsTo: 'task', asks: true },
  'task.escalated': { whom: 'superiors', side: 'office', leadsTo: 'task', mail: 'escalation', asks: true },
  'task.reported': { whom: 'workers', side: 'office', leadsTo: 'task' },
  'task.suspended': { whom: 'named', side: 'office', leadsTo: 'task' },
  'task.resumed': { whom: 'named', side: 'office', leadsTo: 'task' },
  'task.cancelled': { whom: 'named', side: 'office', leadsTo: 'task' },
  'task.opinion_asked': { whom: 'named', side: 'office', leadsTo: 'task', mail: 'opinion_asked', asks: true },
  'task.opinion_given': { whom: 'named', side: 'office', leadsTo: 'task', mail: 'opinion_given' },
  'task.opinion_recalled': { whom: 'named', side: 'office', leadsTo: 'task' },
  'task.sent_back': { whom: 'named', side: 'office', leadsTo: 'task' },
  'task.signature_asked': { whom: 'named', side: 'office', leadsTo: 'task', mail: 'signature_asked', asks: true },
  'task.signature_recalled': { whom: 'named', side: 'office', leadsTo: 'task' },
  'task.signature_ended': { whom: 'named', side: 'office', leadsTo: 'task' },
  'rung.reminder': { whom: 'named', side: 'both', leadsTo: 'task', mail: 'reminder', asks: true },
  'rung.due': { whom: 'named', side: 'both', leadsTo: 'task', mail: 'urge', sms: 'urge', asks: true },
  'rung.overdue': { whom: 'named', side: 'office', leadsTo: 'task', mail: 'overdue', asks: true },
  'rung.leader': { whom: 'named', side: 'office', leadsTo: 'task', mail: 'escalation', asks: true },
  'rung.superior': { whom: 'named', side: 'office', leadsTo: 'task', mail: 'escalation', asks: true },
  'order.issued': { whom: 'named', side: 'office', leadsTo: 'task' },
  'order.answered': { whom: 'named', side: 'office', leadsTo: 'task' },
  'class.returned': { whom: 'institution', side: 'institution', leadsTo: 'class', mail: 'correction', sms: 'correction' },
  'class.approved': { whom: 'institution', side: 'institution', leadsTo: 'class', sms: 'approved' },
  'class.published': { whom: 'institution', side: 'institution', leadsTo: 'class' },
  'class.paid': { whom: 'institution', side: 'institution', leadsTo: 'class', mail: 'outcome' },
  'class.refused': { whom: 'institution', side: 'institution', leadsTo: 'class', mail: 'outcome', sms: 'refused' },
  'class.withdrawn': { whom: 'institution', side: 'institution', leadsTo: 'class', mail: 'outcome' },
  'class.expired': { whom: 'institution', side: 'institution', leadsTo: 'class', mail: 'outcome' },
  'application.approved': { whom: 'institution', side: 'institution', leadsTo: 'class', sms: 'approved' },
  'message.received': { whom: 'named', side: 'both', leadsTo: 'messages' },
  'class.copied': { whom: 'named', side: 'office', leadsTo: 'class' },
  'substitution.named': { whom: 'named', side: 'office', leadsTo: 'substitutions', mail: 'substitute' },
} as const satisfies Record<string, Occasion>;

export type OccasionName = keyof typeof list;
export const occasions: Readonly<Record<OccasionName, Occasion>> = list;
export const occasionNames = Object.keys(list) as OccasionName[];
/** Occasions that ask for something to be done about a task. */
export const askingOccasions = occasionNames.filter((name) => occasions[name].asks === true);
