/** Closures (停办) and make-up days of a region and of every region below it: entered and withdrawn with reason and document, never deleted. */
import type { Knex } from 'knex';
import { addDays, isCivilDate, type LocalClosure } from '../../workflows/domain/calendar/calendar.ts';
import { ConflictError, inputError, NotAllowedError, NotFoundError } from '../../workflows/domain/errors.ts';
import { requireReason } from '../../workflows/domain/reasons.ts';
import { hasRoleAbove } from '../../workflows/domain/scope.ts';
import type { Actor } from '../accounts/users.ts';
import type { Db } from '../client.ts';
import { followOnce, type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { auditOutside } from '../protocol/procedures.ts';
import { getRegion, type Region } from '../regions.ts';
import { afterPlace, cutPage, type TimePage, type TimePlace } from '../queries/time-pages.ts';
import { lockCalendars } from './calendar.ts';
import { type MovedDeadline, recomputeDeadlines } from './deadlines.ts';

/** Why, and by which document. */
export type Basis = { reason: string; document: string };

/** The longest closure that one line enters, days. */
export const longestClosure = 31;

/** Throws InputError for days that are none, InputError `calendar.overlap` where the region has a closure on one of them, NotAllowedError outside the actor's regions. */
export async function checkClosure(db: Db, actor: Actor, closure: LocalClosure): Promise<Region> {
  if (!isCivilDate(closure.firstDay)) throw inputError('firstDay', 'calendar.date');
  if (!isCivilDate(closure.lastDay)) throw inputError('lastDay', 'calendar.date');
  if (closure.lastDay < closure.firstDay) throw inputError('lastDay', 'calendar.order');
  if (closure.lastDay >= addDays(closure.firstDay, longestClosure)) throw inputError('lastDay', 'calendar.long', { most: longestClosure });
  const region = await requireKeeping(db, actor, closure.region);
  const known = await db('calendar_closures')
    .where({ region: closure.region })
    .whereNull('withdrawn_at')
    .where('first_day', '<=', closure.lastDay)
    .where('last_day', '>=', closure.firstDay)
    .first('first_day');
  if (known) throw inputError('firstDay', 'calendar.overlap', { day: known.first_day });
  return region;
}

async function requireKeeping(db: Db, actor: Actor, code: string): Promise<Region> {
  const region = await getRegion(db, code);
  if (!hasRoleAbove(actor, region.path, 'system_admin')) throw new NotAllowedError('calendar.outside');
  return region;
}

/** Closes the offices of a region (or makes them work), and computes the open deadlines there again. */
export async function closeRegion(
  db: Knex,
  actor: Actor,
  closure: LocalClosure & Basis,
  request?: IdempotentRequest,
): Promise<{ id: string; moved: MovedDeadline[] }> {
  const { region, firstDay, lastDay, kind } = closure;
  const kept = await onceOnly(db, request, async (trx) => {
    await lockCalendars(trx);
    await checkClosure(trx, actor, closure);
    const basis = basisOf(closure);
    const [row] = await trx('calendar_closures')
      .insert({
        region,
        first_day: firstDay,
        last_day: lastDay,
        kind,
        ...basis,
        entered_by: actor.userId,
        entered_at: trx.raw('business_now()'),
      })
      .returning('id');
    await auditOutside(trx, actor.userId, {
      act: 'calendar.closure',
      subject: `closure-${row.id}`,
      detail: { region, firstDay, lastDay, kind, ...basis },
    });
    return { id: row.id as string };
  });
  return followOnce(db, request, kept, () => recomputeDeadlines(db, actor.userId));
}

/** Takes a closure back: the deadlines that it moved are computed again without it. Throws ConflictError `calendar.withdrawn` when that was done. */
export async function withdrawClosure(
  db: Knex,
  actor: Actor,
  id: string,
  given: Basis,
  request?: IdempotentRequest,
): Promise<{ region: string; moved: MovedDeadline[] }> {
  const kept = await onceOnly(db, request, async (trx) => {
    await lockCalendars(trx);
    const { region, firstDay, lastDay, kind } = await getLivingClosure(trx, actor, id);
    const basis = basisOf(given);
    await trx('calendar_closures')
      .where({ id })
      .update({
        withdrawn_by: actor.userId,
        withdrawn_at: trx.raw('business_now()'),
        withdrawn_reason: basis.reason,
        withdrawn_document: basis.document,
      });
    await auditOutside(trx, actor.userId, {
      act: 'calendar.withdraw',
      subject: `closure-${id}`,
      detail: { region, firstDay, lastDay, kind, ...basis },
    });
    return { region };
  });
  return followOnce(db, request, kept, () => recomputeDeadlines(db, actor.userId));
}

function basisOf({ reason, document }: Basis): Basis {
  return { reason: requireReason(reason), document: requireReason(document, 'document') };
}

export type ClosureLine = LocalClosure &
  Basis & {
    id: string;
    path: string;
    regionZh: string;
    regionEn: string;
    enteredBy: string | null;
    enteredAt: Date;
    withdrawnBy: string | null;
    withdrawnAt: Date | null;
    withdrawnReason: string | null;
    withdrawnDocument: string | null;
  };

const lineSql = `
  select c.id, c.region, r.path, r.name_zh as "regionZh", r.name_en as "regionEn", c.first_day as "firstDay", c.last_day as "lastDay", c.kind, c.reason, c.document,
         u.name as "enteredBy", c.entered_at as "enteredAt", w.name as "withdrawnBy", c.withdrawn_at as "withdrawnAt",
         c.withdrawn_reason as "withdrawnReason", c.withdrawn_document as "withdrawnDocument"
    from calendar_closures c join regions r on r.code = c.region left join users u on u.id = c.entered_by left join users w on w.id = c.withdrawn_by`;

/** A closure that is in force, for whoever may withdraw it. Throws NotFoundError, NotAllowedError, ConflictError. */
export async function getLivingClosure(db: Db, actor: Actor, id: string): Promise<ClosureLine> {
  const { rows } = await db.raw<{ rows: ClosureLine[] }>(`${lineSql} where c.id = ?`, [id]);
  const [line] = rows;
  if (!line) throw new NotFoundError('calendar.unknown');
  await requireKeeping(db, actor, line.region);
  if (line.withdrawnAt)
    throw new ConflictError('calendar.withdrawn', { name: line.withdrawnBy ?? '—', at: line.withdrawnAt.toISOString() });
  return line;
}

type ClosurePage = { lines: ClosureLine[]; next: TimePlace | undefined };

/** What holds in a region: its own closures and those of the regions above it; and what was entered below it. Each a page, the latest days first. */
export async function listClosures(
  db: Db,
  path: string,
  pages: { here: TimePage; below: TimePage },
): Promise<{ here: ClosurePage; below: ClosurePage }> {
  const begins = 'cast(c.first_day as timestamptz)';
  const list = async (where: string, { after, size }: TimePage): Promise<ClosurePage> => {
    const { rows } = await db.raw<{ rows: (ClosureLine & { place: string })[] }>(
      `select x.*, cast(cast(x."firstDay" as timestamptz) as text) as place
         from (${lineSql} where ${where} and ${afterPlace({ at: begins, id: 'c.id' }, after)} order by ${begins} desc, c.id desc limit :limit) x
        order by x."firstDay" desc, x.id desc`,
      { path, ...after, limit: size + 1 },
    );
    return cutPage(rows, size);
  };
  const [here, below] = await Promise.all([
    list(`(:path = r.path or :path like r.path || '/%')`, pages.here),
    list(`r.path like :path || '/%'`, pages.below),
  ]);
  return { here, below };
}
