/** The official notice of a year (节假日安排): loaded by the administrator, after which open deadlines are counted again. */
import type { Knex } from 'knex';
import { builtInYears, isCivilDate, type NoticeDay } from '../../workflows/domain/calendar/calendar.ts';
import { ConflictError, inputError, NotAllowedError } from '../../workflows/domain/errors.ts';
import { hasRoleAbove } from '../../workflows/domain/scope.ts';
import type { Actor } from '../accounts/users.ts';
import type { Db, Trx } from '../client.ts';
import { followOnce, type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { auditOutside } from '../protocol/procedures.ts';
import { lockCalendars, type NoticeDays } from './calendar.ts';
import { type MovedDeadline, recomputeDeadlines } from './deadlines.ts';

export type YearNotice = NoticeDays & { source: string };

/** It moves the deadlines of every office: only for whom the whole tree of regions is entrusted to. */
export async function mayLoadYears(db: Db, actor: Actor): Promise<boolean> {
  const roots: string[] = await db('regions').whereNull('parent').pluck('path');
  return roots.every((path) => hasRoleAbove(actor, path, 'system_admin'));
}

/** Throws NotAllowedError outside the actor's regions, InputError at the field that cannot be, ConflictError where the year is loaded or built in. */
export async function checkYearNotice(db: Db, actor: Actor, { year, days }: YearNotice): Promise<void> {
  if (!(await mayLoadYears(db, actor))) throw new NotAllowedError('calendar.outside');
  if (!Number.isInteger(year) || year < 2019 || year > 2100) throw inputError('year', 'calendar.year');
  const loaded = new Set<number>([...builtInYears, ...(await db('calendar_years').pluck('year'))]);
  if (loaded.has(year)) throw new ConflictError('calendar.loaded', { year });
  for (const [at, { date }] of days.entries()) if (!isCivilDate(date)) throw inputError(`days.${at}.date`, 'calendar.date');
  const known = new Map<string, string>(
    (
      await db('calendar_days')
        .whereIn(
          'day',
          days.map(({ date }) => date),
        )
        .select('day', 'kind')
    ).map(({ day, kind }) => [day, kind]),
  );
  const named = new Set<string>();
  for (const { date: day, kind } of days) {
    const its = Number(day.slice(0, 4));
    if (named.has(day)) throw inputError('days', 'calendar.twice', { day });
    named.add(day);
    // A holiday at the turn of the year reaches into a neighbouring one by its last or first days. Those of the December before are new to a year that is
    // loaded: its own notice came a year earlier.
    if (day < `${year - 1}-12-01` || day > `${year + 1}-01-31`) throw inputError('days', 'calendar.otherYear', { day, year });
    if (loaded.has(its) && its !== year - 1) throw inputError('days', 'calendar.dayLoaded', { day, year: its });
    if (known.has(day) && known.get(day) !== kind) throw inputError('days', 'calendar.dayKnown', { day });
  }
}

/** Loads the notice of a year (State Council holidays and make-up days) and computes open deadlines again. */
export async function loadYearNotice(
  db: Knex,
  actor: Actor,
  notice: YearNotice,
  request?: IdempotentRequest,
): Promise<{ year: number; moved: MovedDeadline[] }> {
  const { year, source, days } = notice;
  const kept = await onceOnly(db, request, async (trx) => {
    await lockCalendars(trx);
    await checkYearNotice(trx, actor, notice);
    await trx('calendar_years').insert({ year, source });
    await saveDays(trx, actor, days, source);
    await auditOutside(trx, actor.userId, { act: 'calendar.notice', subject: `year-${year}`, detail: { source, days: days.length } });
    return { year };
  });
  return followOnce(db, request, kept, () => recomputeDeadlines(db, actor.userId));
}

/** A day that the notice of a neighbouring year has named stays as it is on record: it says the same. */
async function saveDays(trx: Trx, actor: Actor, days: readonly NoticeDay[], source: string): Promise<void> {
  for (const day of days) {
    await trx('calendar_days')
      .insert({ day: day.date, kind: day.kind, note: source, source, entered_by: actor.userId, entered_at: trx.raw('clock_timestamp()') })
      .onConflict('day')
      .ignore();
  }
}
