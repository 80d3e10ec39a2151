/** How the registers answered about a class: sums by register, and one line for every answer that is not a plain yes. */
import { mayDecide } from '../../../workflows/domain/scope.ts';
import { stageOf } from '../../../workflows/domain/tasks.ts';
import type { Db } from '../../client.ts';
import type { TaskRow } from '../../protocol/tasks.ts';
import type { Actor } from '../../accounts/users.ts';
import { type Register, registers, stageRegisters } from '../../classes/verifications.ts';

export type CheckSum = {
  register: Register;
  yes: number;
  no: number;
  contradictory: number;
  none: number;
  settled: number;
  total: number;
  outstanding: number;
  source: string;
  at: Date | null;
  simulated: boolean;
};
export type CheckLine = {
  id: string;
  enrolmentId: string;
  seat: number;
  name: string;
  idMasked: string;
  register: Register;
  result: 'no' | 'contradictory' | 'none';
  source: string;
  reference: string;
  failure: string | null;
  askedAt: Date;
  answeredAt: Date | null;
  settled: { name: string; at: Date; reason: string } | null;
  earlier: number;
};
export type Checks = { sums: CheckSum[]; lines: CheckLine[]; outstanding: number };

/** Everything asked about who is enrolled, or of these registers only. What was never asked counts as without answer. */
export async function getChecks(db: Db, classId: string, wanted: readonly Register[] = registers): Promise<Checks> {
  const bindings = { classId, registers: [...wanted] };
  const sums = await db.raw<{ rows: CheckSum[] }>(
    `select wanted.register,
            count(*) filter (where v.result = 'yes')::int as yes,
            count(*) filter (where v.result = 'no' and v.settled_at is null)::int as no,
            count(*) filter (where v.result = 'contradictory' and v.settled_at is null)::int as contradictory,
            count(*) filter (where coalesce(v.result, 'none') = 'none' and v.settled_at is null)::int as none,
            count(*) filter (where v.settled_at is not null and v.result <> 'yes')::int as settled,
            count(*)::int as total,
            count(*) filter (where v.result is distinct from 'yes' and v.settled_at is null)::int as outstanding,
            coalesce(max(v.evidence ->> 'source'), '') as source, max(v.answered_at) as at, coalesce(bool_or((v.evidence ->> 'simulated')::boolean), false) as simulated
       from enrolments e cross join unnest(cast(:registers as text[])) with ordinality as wanted (register, place)
       left join results r on r.enrolment_id = e.id
       left join verifications v on v.enrolment_id = e.id and v.register = wanted.register
      where e.class_id = :classId and e.status = 'enrolled' and (wanted.register <> 'certificate' or r.passed)
      group by wanted.register, wanted.place order by wanted.place`,
    bindings,
  );
  const lines = await db.raw<{ rows: CheckLine[] }>(
    `select v.id, e.id as "enrolmentId", e.seat, p.name, p.id_masked as "idMasked", v.register, v.result, coalesce(v.evidence ->> 'source', '') as source,
            coalesce(v.evidence ->> 'reference', '') as reference, v.evidence ->> 'failure' as failure, v.asked_at as "askedAt", v.answered_at as "answeredAt",
            case when v.settled_at is null then null else json_build_object('name', u.name, 'at', v.settled_at, 'reason', v.settled_reason) end as settled,
            coalesce(jsonb_array_length(v.evidence -> 'earlier'), 0) as earlier
       from verifications v join enrolments e on e.id = v.enrolment_id join people p on p.id = e.person_id left join users u on u.id = v.settled_by
      where e.class_id = :classId and e.status = 'enrolled' and v.register = any(:registers) and v.result <> 'yes'
      order by v.settled_at is not null, e.seat, v.register`,
    bindings,
  );
  return { sums: sums.rows, lines: lines.rows, outstanding: sums.rows.reduce((sum, row) => sum + row.outstanding, 0) };
}

/** The open review whose checks this officer may settle, with the registers that it rests on. */
export async function findCheckReview(
  db: Db,
  actor: Actor,
  procedureId: string,
): Promise<{ task: TaskRow; registers: readonly Register[]; mayExclude: boolean } | undefined> {
  const task = await db<TaskRow>('tasks').where({ procedure_id: procedureId, status: 'open', kind: 'review' }).first();
  const wanted = task ? stageRegisters[stageOf(task.step)] : undefined;
  if (!task || !wanted || !mayDecide(actor, { role: task.role, office: task.office, institutionId: task.institution_id })) return undefined;
  return { task, registers: wanted, mayExclude: stageOf(task.step) === 'pre_training' };
}

/** The token under which the registers know a trainee, by class and seat. */
export async function findPersonToken(db: Db, classNumber: string, seat: number): Promise<string | undefined> {
  const { rows } = await db.raw<{ rows: { token: string }[] }>(
    `select encode(p.id_index, 'hex') as token from enrolments e join people p on p.id = e.person_id join classes c on c.id = e.class_id where c.number = ? and e.seat = ?`,
    [classNumber, seat],
  );
  return rows[0]?.token;
}

/** Where the people behind these tokens sit, as `<class> · <seat>`. */
export async function listPersonSeats(db: Db, tokens: readonly string[]): Promise<Map<string, string>> {
  if (tokens.length === 0) return new Map();
  const { rows } = await db.raw<{ rows: { token: string; number: string; seat: number }[] }>(
    `select encode(p.id_index, 'hex') as token, c.number, e.seat from enrolments e join people p on p.id = e.person_id join classes c on c.id = e.class_id
      where encode(p.id_index, 'hex') = any(?) order by c.number`,
    [[...tokens]],
  );
  return new Map(rows.map((row) => [row.token, `${row.number} · ${row.seat}`]));
}
