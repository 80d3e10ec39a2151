/** The materials of a class as its pages list them: without content, with what the reader has opened already. */
import type { MaterialKind, MaterialType } from '../../../workflows/domain/classes/material.ts';
import type { Db } from '../../client.ts';

export type MaterialLine = {
  id: string;
  kind: MaterialKind;
  name: string;
  type: MaterialType;
  size: number;
  sha256: string;
  uploaded_at: Date;
  uploaded_by: string;
  removed_at: Date | null;
  removed_by: string | null;
  replaced_by: string | null;
  /** When the reader first opened it. */
  read_at: Date | null;
  /** Whether anybody outside the institution has. */
  seen: boolean;
};

/** By kind, oldest first; those taken away stand last. */
export async function listMaterials(db: Db, classId: string, readerId: string): Promise<MaterialLine[]> {
  const { rows } = await db.raw<{ rows: MaterialLine[] }>(
    `select m.id, m.kind, m.name, m.type, m.size, encode(m.sha256, 'hex') as sha256, m.uploaded_at, u.name as uploaded_by,
            m.removed_at, w.name as removed_by, m.replaced_by, v.first_at as read_at,
            exists (select 1 from material_views where material_id = m.id) as seen
       from class_materials m
       join users u on u.id = m.uploaded_by
       left join users w on w.id = m.removed_by
       left join material_views v on v.material_id = m.id and v.user_id = :reader
      where m.class_id = :classId
      order by m.removed_at nulls first, array_position(array['plan', 'teachers', 'venue', 'group', 'other'], m.kind), m.uploaded_at, m.id`,
    { classId, reader: readerId },
  );
  return rows;
}

/** How many materials of the class of a task its reader has not opened. */
export async function countUnreadOfTask(db: Db, taskId: string, readerId: string): Promise<number> {
  const { rows } = await db.raw<{ rows: { unread: number }[] }>(
    `select cast(count(*) as int) as unread
       from tasks t join procedures p on p.id = t.procedure_id join class_materials m on m.class_id = p.class_id
      where t.id = :taskId and m.removed_at is null
        and not exists (select from material_views v where v.material_id = m.id and v.user_id = :reader)`,
    { taskId, reader: readerId },
  );
  return rows[0]?.unread ?? 0;
}
