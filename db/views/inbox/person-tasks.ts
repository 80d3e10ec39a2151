/** The tasks of the classes of one person, found by the blind index of the identity number. Every look-up is on record, whatever it finds. */
import { withinPaths } from '../../regions.ts';
import type { Knex } from 'knex';
import { readingPaths } from '../../../workflows/domain/scope.ts';
import type { TaskKind } from '../../../workflows/domain/task-kinds.ts';
import { inTransaction } from '../../client.ts';
import { auditOutside } from '../../protocol/procedures.ts';
import type { TaskPeriod } from '../../protocol/tasks.ts';
import type { Actor } from '../../accounts/users.ts';
import type { Vault } from '../../vault.ts';

export type PersonTask = TaskPeriod & {
  id: string;
  step: string;
  round: number;
  kind: TaskKind;
  role: string;
  subject_number: string;
  subject_title: string;
  institution_name: string;
  status: 'open' | 'decided' | 'expired' | 'cancelled';
  outcome: string | null;
  holder: string | null;
};
export type PersonTasks = { person: { name: string; idMasked: string } | undefined; tasks: PersonTask[] };

const SHOWN_AT_MOST = 100;

/**
 * Tasks of the classes that the person is or was enrolled in, open ones first, within the reader's regions; `person` only where there is such
 * a class, so that nobody learns who is known elsewhere. `idNumber` is normalised and sound.
 */
export async function findTasksOfPerson(
  db: Knex,
  vault: Vault,
  actor: Actor,
  search: { idNumber: string; purpose: string },
): Promise<PersonTasks> {
  return inTransaction(db, async (trx) => {
    const paths = readingPaths(actor);
    const { rows } = await trx.raw<{ rows: (PersonTask & { person_id: string; name: string; id_masked: string })[] }>(
      `select p.id as person_id, p.name, p.id_masked, t.id, t.step, t.round, t.kind, t.role, t.office, t.subject_number, t.subject_title, t.institution_name, t.status,
              t.outcome, t.from_date, t.working_days, t.days_used, t.due_date, t.due_at, t.provisional, u.name as holder
         from people p
         join enrolments e on e.person_id = p.id
         join tasks t on t.class_id = e.class_id and t.role <> 'clock'
         join procedures o on o.id = t.procedure_id
         left join users u on u.id = coalesce(t.decided_by, t.claimed_by)
        where p.id_index = :index
          and ${withinPaths('o.region_path')}
        order by t.status <> 'open', t.due_at nulls last, t.opened_at desc, t.id limit :most`,
      { index: vault.index('id', search.idNumber), paths, most: SHOWN_AT_MOST },
    );
    const [first] = rows;
    await auditOutside(trx, actor.userId, {
      act: 'person.search',
      subject: first ? `person-${first.person_id}` : 'person-unknown',
      detail: { purpose: search.purpose, tasks: rows.length },
    });
    return { person: first && { name: first.name, idMasked: first.id_masked }, tasks: rows };
  });
}
