/** Inspections during the training, with what was to be put right (N15). */
import { InputError, inputError, type Issue, NotFoundError } from '../../workflows/domain/errors.ts';
import { rule } from '../../workflows/domain/policy/policy.ts';
import type { Trx } from '../client.ts';
import type { DecisionContext } from '../protocol/decision-rules.ts';
import { getPolicyPack } from '../catalogue/policy-packs.ts';
import { auditProcedure, type LockedProcedure } from '../protocol/procedures.ts';

export const inspectionMethods = ['video', 'visit', 'phone'] as const;
export type InspectionMethod = (typeof inspectionMethods)[number];
type InspectionEntry = { method: InspectionMethod; present_count: number | null; remark: string; companion: string | null };

/** Decision rule of inspections and re-inspections: what was found is on record with who was there. */
export async function recordInspection({ trx, actor, task, procedure, decision }: DecisionContext): Promise<void> {
  const classId = procedure.class_id ?? '';
  const again = task.kind === 'reinspection';
  const earlier = again
    ? await trx('inspections').where({ class_id: classId }).orderBy('inspected_at', 'desc').first('method', 'companion')
    : undefined;
  const pack = await getPolicyPack(trx, procedure.terms.packId);
  const entry = readInspection(decision.payload ?? {}, {
    headcount: procedure.headcount ?? 0,
    phonePercent: rule(pack, 'inspection.phoneCheckMinPercent'),
    ...(earlier ? { earlier } : {}),
  });
  if (entry.companion === actor.name) throw inputError('companion', 'inspection.companionSelf');
  const found = decision.outcome === 'in_order' || decision.outcome === 'rectified' ? 'in_order' : 'finding';
  await trx('inspections').insert({
    ...entry,
    class_id: classId,
    task_id: task.id,
    found,
    inspector: actor.userId,
    inspected_at: procedure.now,
  });
  if (!again) return;
  const rectification = await trx('rectifications')
    .where({ class_id: classId })
    .whereNotNull('answered_at')
    .orderBy('answered_at', 'desc')
    .first('id');
  if (rectification)
    await trx('rectifications')
      .where({ id: rectification.id })
      .update({ accepted: found === 'in_order' });
}

type InspectionRules = { headcount: number; phonePercent: number; earlier?: { method: InspectionMethod; companion: string | null } };

/** Throws InputError: unannounced visits are made by two, phone checks reach the share of the class that the policy pack asks for. */
function readInspection(payload: Record<string, unknown>, { headcount, phonePercent, earlier }: InspectionRules): InspectionEntry {
  const issues: Issue[] = [];
  const text = (name: string): string => (typeof payload[name] === 'string' ? payload[name].trim().slice(0, 2_000) : '');
  const method = inspectionMethods.find((known) => known === payload['method']) ?? (payload['method'] ? undefined : earlier?.method);
  if (!method) issues.push({ field: 'method', code: payload['method'] ? 'inspection.method' : 'required' });
  const counted = payload['presentCount'] ?? payload['present_count'] ?? '';
  const present = String(counted).trim() === '' ? null : Number(counted);
  if (present !== null && (!Number.isInteger(present) || present < 0 || present > headcount))
    issues.push({ field: 'presentCount', code: 'inspection.presentCount', params: { headcount } });
  if (present === null && !earlier) issues.push({ field: 'presentCount', code: 'required' });
  const least = Math.ceil((headcount * phonePercent) / 100);
  if (method === 'phone' && present !== null && present < least)
    issues.push({ field: 'presentCount', code: 'inspection.phoneShare', params: { least, percent: phonePercent } });
  const companion = text('companion') || (payload['method'] ? '' : (earlier?.companion ?? ''));
  if (method === 'visit' && companion.length < 2) issues.push({ field: 'companion', code: 'inspection.companion' });
  if (issues.length > 0 || !method) throw new InputError(issues);
  return { method, present_count: present, remark: text('remark'), companion: companion || null };
}

/** Act: a finding is to be put right. */
export async function orderRectification(trx: Trx, procedure: LockedProcedure, taskId: string): Promise<void> {
  const inspection = await trx('inspections').where({ task_id: taskId }).first('id', 'class_id');
  if (!inspection) throw new NotFoundError('inspection.unknown');
  await trx('rectifications').insert({ class_id: inspection.class_id, inspection_id: inspection.id }).onConflict('inspection_id').ignore();
  await auditProcedure(trx, procedure, undefined, { act: 'rectification.order', subject: procedure.id, detail: { task: taskId } });
}

/** Decision rule: the institution says in words what it has put right. */
export async function answerRectification({ trx, actor, procedure, decision }: DecisionContext): Promise<void> {
  const answer = String(decision.reason || decision.payload?.['answer'] || '').trim();
  if (answer.length < 2) throw inputError('reason', 'rectification.answerMissing');
  const row = await trx('rectifications as r')
    .join('inspections as i', 'i.id', 'r.inspection_id')
    .where('r.class_id', procedure.class_id)
    .whereNull('r.answered_at')
    .orderBy('i.inspected_at', 'desc')
    .first('r.id');
  if (!row) throw new NotFoundError('inspection.unknown');
  await trx('rectifications').where({ id: row.id }).update({ answer, answered_by: actor.userId, answered_at: procedure.now });
}
