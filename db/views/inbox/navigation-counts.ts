/** The figures beside the entries of the header: tasks waiting for this person, overdue tasks of a supervisor's region, notices not read. */
import { hasRole, workQueuesOf } from '../../../workflows/domain/scope.ts';
import type { Db } from '../../client.ts';
import type { Actor } from '../../accounts/users.ts';
import { waits } from '../../correspondence/notices.ts';
import { refusedInQueue } from '../../protocol/signing/four-eyes.ts';
import { run, statement } from '../../queries/statements.ts';

/** More than this is not counted. */
export const figureAtMost = 1_000;

/** How many notices of `person` are unread, counted no further than `most`. */
export function unreadUpTo(person: string, most: string): string {
  return `select count(*) from (select 1 from notices n where n.user_id = ${person} and ${waits} limit ${most}) unread`;
}

const counting = statement(`select (select count(*) from (
               select 1 from (select role, office, cast(string_to_array(principals, ',') as uuid[]) as principals
                       from unnest(cast(:roles as text[]), cast(:offices as text[]), cast(:principals as text[])) q (role, office, principals)) g
                 join tasks t on t.role = g.role and t.role not in ('institution', 'assessor') and t.office = g.office and t.status = 'open' and t.suspended_at is null and (t.claimed_by is null or t.claimed_by = :actor)
                  and not ${refusedInQueue(':actor')}
               union all
               select 1 from tasks t where t.delegated_to = :actor and t.status = 'open'
               union all
               select 1 from tasks t where t.institution_id = :institution and t.role = any(cast(:roles as text[])) and t.role in ('institution', 'assessor') and t.status = 'open'
               limit :most) waiting) as tasks,
            (select count(*) from (
               select 1 from (select distinct r.path from unnest(cast(:paths as text[])) g (path) join regions r on r.path = g.path or r.path like g.path || '/%') o
                cross join lateral (select 1 from tasks t where t.status = 'open' and t.office_path = o.path and t.due_at < (select business_now())
                  and t.role not in ('clock', 'institution', 'assessor') limit :most) t limit :most) late) as board,
            (${unreadUpTo(':actor', ':most')}) as notices`);

export async function countsFor(db: Db, actor: Actor): Promise<Record<string, number>> {
  const queues = workQueuesOf(actor);
  const [row] = await run<{ tasks: number; board: number; notices: number }>(db, counting, {
    roles: queues.map(({ role }) => role),
    offices: queues.map(({ region }) => region),
    principals: queues.map(({ principals }) => principals?.join(',') ?? null),
    actor: actor.userId,
    institution: actor.institutionId ?? null,
    paths: hasRole(actor, 'supervisor') ? actor.grants.filter((grant) => grant.role === 'supervisor').map((grant) => grant.path) : [],
    most: figureAtMost,
  });
  const { tasks = 0, board = 0, notices = 0 } = row ?? {};
  return { tasks: Number(tasks), board: Number(board), notices: Number(notices) };
}
