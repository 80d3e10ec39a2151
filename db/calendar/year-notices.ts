/** The official notice of a year (节假日安排): loaded by the administrator, after which open deadlines are counted again. */
import type { Knex } from 'knex';
import { isCivilDate, type NoticeDay } from '../../workflows/domain/calendar.ts';
import { ConflictError, inputError } from '../../workflows/domain/errors.ts';
import type { Actor } from '../accounts/users.ts';
import { type Db, inTransaction, type Trx } from '../client.ts';
import { auditOutside } from '../protocol/procedures.ts';
import type { NoticeDays } from './calendar.ts';
import { type MovedDeadline, recomputeDeadlines } from './deadlines.ts';

export type YearNotice = NoticeDays & { source: string };

/** Throws InputError at the field that cannot be, ConflictError where the year is loaded. */
export async function checkYearNotice(db: Db, notice: YearNotice): Promise<void> {
  if (!Number.isInteger(notice.year) || notice.year < 2019 || notice.year > 2100) throw inputError('year', 'calendar.year');
  for (const [at, day] of notice.days.entries()) {
    if (!isCivilDate(day.date) || Math.abs(Number(day.date.slice(0, 4)) - notice.year) > 1)
      throw inputError(`days.${at}.date`, 'calendar.date');
  }
  const known = await db('calendar_years').where({ year: notice.year }).first('year');
  if (known) throw new ConflictError('calendar.loaded', { year: notice.year });
}

/** Loads the notice of a year (State Council holidays and make-up days) and computes open deadlines again. */
export async function loadYearNotice(db: Knex, actor: Actor, notice: YearNotice): Promise<MovedDeadline[]> {
  await inTransaction(db, async (trx) => {
    await checkYearNotice(trx, notice);
    await trx('calendar_years').insert({ year: notice.year, source: notice.source });
    await saveDays(trx, actor, notice.days, notice.source);
    await auditOutside(trx, actor.userId, {
      act: 'calendar.notice',
      subject: `year-${notice.year}`,
      detail: { source: notice.source, days: notice.days.length },
    });
  });
  return recomputeDeadlines(db, actor.userId);
}

async function saveDays(trx: Trx, actor: Actor, days: readonly NoticeDay[], source: string): Promise<void> {
  for (const day of days) {
    await trx('calendar_days')
      .insert({ day: day.date, kind: day.kind, note: source, source, entered_by: actor.userId, entered_at: trx.raw('clock_timestamp()') })
      .onConflict('day')
      .merge();
  }
}
