/** What the pages of one class's training share: address, heading and tabs, and handing in what was entered. */
import { z } from 'zod';
import { decideTask, type DecisionAnswer } from '../../db/protocol/decisions.ts';
import type { CorrectionMarks } from '../../db/classes/corrections.ts';
import type { Actor } from '../../db/accounts/users.ts';
import { type TrainingHead, findOpenTask } from '../../db/views/training/training.ts';
import { ConflictError } from '../../workflows/domain/errors.ts';
import { hasRole, maySee } from '../../workflows/domain/scope.ts';
import type { Translate } from '../pages/i18n.ts';
import { classPath, tabsFor, type trainingPages, trainingTabs } from '../classes/head.ts';
import type { Context } from '../http/routing.ts';

export const ClassParams = z.object({ number: z.string().regex(/^[\w-]{1,40}$/) });
export const SheetFormat = z.object({ format: z.enum(['xlsx', 'csv']).default('xlsx') });
export const Handed = z.object({ taskId: z.string(), outcome: z.string(), factNo: z.number().int(), decidedAt: z.string() });

export type TrainingPage = (typeof trainingPages)[number] | 'verifications';

/** Heading and tabs, the same as on the pages of the record. */
export function trainingHead(head: TrainingHead, active: TrainingPage, { actor, t }: { actor: Actor; t: Translate }) {
  return {
    number: head.number,
    classTitle: head.title,
    pageTitle: t('common.pageOf', { page: t(`attendance.tabs.${active}`), title: head.title }),
    institution: head.institution,
    assessor: head.assessor,
    startDate: head.start_date,
    endDate: head.end_date,
    tabs: [
      ...tabsFor(actor, head).map((tab) => ({
        href: classPath(head.number, tab),
        label: t(`classes.tabs.${tab}`),
        active: tab === 'checks' && active === 'verifications',
      })),
      ...trainingTabs(head.number, t, active),
    ],
  };
}

/** Somebody of the office, in whose subtree the class lies; not a party to it. */
export function isOfficer(actor: Actor, head: { regionPath: string }): boolean {
  return maySee({ grants: actor.grants }, { regionPath: head.regionPath });
}

export function isOwner(actor: Actor, head: TrainingHead): boolean {
  return actor.institutionId === head.institution_id && hasRole(actor, 'institution');
}

export function isAssessor(actor: Actor, head: TrainingHead): boolean {
  return actor.institutionId !== undefined && actor.institutionId === head.assessor_id && hasRole(actor, 'assessor');
}

type Handing = Pick<Context<unknown, unknown, unknown>, 'db' | 'actor' | 'request'>;

/** Decides the open task of these kinds: `submit`, or `resubmit` where it is a correction. Throws ConflictError `code` if none is open. */
export async function handIn(
  { db, actor, request }: Handing,
  head: TrainingHead,
  kinds: readonly string[],
  code: string,
  role: string,
  marks?: CorrectionMarks,
): Promise<DecisionAnswer> {
  const task = await findOpenTask(db, head.procedureId, kinds, role);
  if (!task) throw new ConflictError(code);
  return decideTask(db, actor, { taskId: task.id, outcome: task.kind === 'correction' ? 'resubmit' : 'submit', request, marks });
}
