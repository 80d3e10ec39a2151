/** Inspections with what was to be put right. */
import type { Db } from '../../client.ts';

export type InspectionLine = {
  id: string;
  method: 'video' | 'visit' | 'phone';
  found: 'in_order' | 'finding';
  present_count: number | null;
  remark: string;
  inspector: string;
  companion: string | null;
  inspected_at: Date;
  reason: string | null;
  rectification: { answer: string | null; answeredAt: string | null; accepted: boolean | null } | null;
};

/** Inspections, oldest first, with what was to be put right. */
export async function listInspections(db: Db, classId: string): Promise<InspectionLine[]> {
  const { rows } = await db.raw<{ rows: InspectionLine[] }>(
    `select i.id, i.method, i.found, i.present_count, i.remark, u.name as inspector, i.companion, i.inspected_at, f.payload ->> 'reason' as reason,
            case when r.id is null then null else json_build_object('answer', r.answer, 'answeredAt', r.answered_at, 'accepted', r.accepted) end as rectification
       from inspections i join users u on u.id = i.inspector
       left join facts f on f.procedure_id = split_part(i.task_id, '/', 1) and f.task_id = i.task_id and f.kind = 'decided'
       left join rectifications r on r.inspection_id = i.id
      where i.class_id = ? order by i.inspected_at, i.id`,
    [classId],
  );
  return rows;
}
