/** Notices that tell an institution of a decision (补正通知书, 不予通过告知书): what they are about, why and who signs stands the same way on each. */
import type { Trx } from '../../db/client.ts';
import { issuePaper, type PaperKind } from '../../db/papers.ts';
import { type FactRow, getFact, type LockedProcedure } from '../../db/protocol/procedures.ts';
import { findRefusal } from '../../db/views/classes/class-reviews.ts';

type NoticeKind = Extract<PaperKind, 'correction_notice' | 'refusal_notice'>;

export async function issueNotice(
  trx: Trx,
  kind: NoticeKind,
  procedure: LockedProcedure,
  decision: FactRow,
  more: { taskId?: string | undefined; content?: Record<string, unknown> } = {},
): Promise<{ id: string; number: string }> {
  return issuePaper(trx, {
    kind,
    classId: procedure.class_id,
    procedureId: procedure.id,
    taskId: more.taskId,
    region: procedure.region,
    signatory: decision.actor,
    content: {
      number: procedure.subject_number,
      title: procedure.subject_title,
      institution: procedure.institution_name,
      reason: decision.payload?.reason ?? '',
      ...more.content,
    },
  });
}

/** 不予通过告知书 with reasons and the way to appeal, of a class or of its claim; none where something else ended the procedure. */
export async function issueRefusalNotice(trx: Trx, procedure: LockedProcedure): Promise<void> {
  const refusal = await findRefusal(trx, procedure.id);
  if (refusal) await issueNotice(trx, 'refusal_notice', procedure, await getFact(trx, procedure.id, refusal.no));
}
