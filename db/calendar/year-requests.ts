/** Asking the administrator for the official notice of a year in which a deadline lies. */
import { ConflictError } from '../../workflows/domain/errors.ts';
import { procedureIdOf } from '../../workflows/domain/procedures.ts';
import type { Trx } from '../client.ts';
import type { DecisionContext } from '../protocol/decision-rules.ts';
import { startProcedure } from '../protocol/life.ts';
import type { LockedProcedure } from '../protocol/procedures.ts';

/** Opens the procedure that asks for the year's notice, once per year and province. */
export async function askForYearNotice(trx: Trx, procedure: LockedProcedure, year: number): Promise<void> {
  const province = procedure.region_path.split('/')[0] ?? procedure.region;
  const opening = {
    id: procedureIdOf('calendarNotice', `${province}-${year}`),
    type: 'calendarNotice',
    subjectId: String(year),
    region: province,
    number: String(year),
    title: `${year} 年节假日安排`,
    institutionName: '',
    terms: procedure.terms,
    flags: { year },
  } as const;
  await startProcedure(trx, opening, { audit: { act: 'calendar.ask' } });
}

/** Decision rule: the task is done when the year is loaded. */
export async function requireYearLoaded({ trx, procedure }: DecisionContext): Promise<void> {
  const known = await trx('calendar_years')
    .where({ year: Number(procedure.subject_id) })
    .first('year');
  if (!known) throw new ConflictError('calendar.notLoaded', { year: procedure.subject_id });
}
