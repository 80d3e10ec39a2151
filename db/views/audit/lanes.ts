/** The proof that nothing outside of procedures was changed in the audit log: sign-ins, grants, settings, reads. PostgreSQL chained the lines and computes the links again. */
import { NotAllowedError } from '../../../workflows/domain/errors.ts';
import type { Actor } from '../../accounts/users.ts';
import type { Db } from '../../client.ts';
import { auditOutside } from '../../protocol/procedures.ts';
import { type AuditRow, auditColumns, readsWholeLog } from './log.ts';

/** Lanes proved by one statement, each of which has 20 seconds. */
const LANES_AT_ONCE = 16;
export const AUDIT_LANES = 257;

export type BrokenLane = { lane: number; no: number };
type Proved = { lane: number; lines: number; brokenAt: number | null };

/** The first line of each lane that does not fit: changed, left out or, at the end, cut off. */
export async function proveLanes(db: Db): Promise<{ lines: number; broken: BrokenLane[] }> {
  const broken: BrokenLane[] = [];
  let lines = 0;
  for (let from = 0; from < AUDIT_LANES; from += LANES_AT_ONCE) {
    const { rows } = await db.raw<{ rows: Proved[] }>(
      `with linked as (
         select lane, row_number() over by_no as place,
                row_number() over by_no = no and previous_hash = coalesce(lag(hash) over by_no, '\\x')
                  and hash = audit_link(coalesce(lag(hash) over by_no, '\\x'), lane, no, at, recorded_at, actor, act, subject, detail) as fits
           from audit_log where lane >= :from and lane < :to window by_no as (partition by lane order by no)),
       found as (select lane, count(*) as lines, min(place) filter (where not fits) as "brokenAt" from linked group by lane)
       select h.lane, cast(coalesce(f.lines, 0) as int) as lines,
              cast(coalesce(f."brokenAt",
                case when coalesce(f.lines, 0) <> h.no then least(coalesce(f.lines, 0), h.no) + 1
                     when h.no > 0 and h.hash is distinct from (select l.hash from audit_log l where l.lane = h.lane and l.no = h.no) then h.no end) as int) as "brokenAt"
         from audit_lanes h left join found f on f.lane = h.lane where h.lane >= :from and h.lane < :to order by h.lane`,
      { from, to: from + LANES_AT_ONCE },
    );
    for (const row of rows) {
      lines += row.lines;
      if (row.brokenAt !== null) broken.push({ lane: row.lane, no: row.brokenAt });
    }
  }
  return { lines, broken };
}

export type LogProof = { lines: number; broken: BrokenLane[]; first: AuditRow | undefined };

/** The same for a reader of the whole log, put on record; `first` is the first line that does not fit, unless it is gone. Throws NotAllowedError. */
export async function proveLog(db: Db, actor: Actor): Promise<LogProof> {
  if (!readsWholeLog(actor)) throw new NotAllowedError('audit.whole');
  const { lines, broken } = await proveLanes(db);
  await auditOutside(db, actor.userId, { act: 'audit.verify', subject: 'audit-log', detail: { lines, broken } });
  const [at] = broken;
  const { rows } = await db.raw<{ rows: AuditRow[] }>(
    `select ${auditColumns} from audit_log a left join users u on u.id = a.actor where a.lane = ? and a.no = ?`,
    [at?.lane ?? -1, at?.no ?? 0],
  );
  return { lines, broken, first: rows[0] };
}
