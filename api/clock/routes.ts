/** The business clock of a demonstration: what time it shows, and the jump to the next deadline. Absent in production. */
import { z } from 'zod';
import { searchWords } from '../http/fields.ts';
import { inTransaction } from '../../db/client.ts';
import { readDemonstrationTotals } from '../../db/views/demonstration/totals.ts';
import { changeSpeed, countUnsettled, jumpTo, readClock } from '../../db/calendar/clock.ts';
import { auditOutside } from '../../db/protocol/procedures.ts';
import { ConflictError, inputError } from '../../workflows/domain/errors.ts';
import { subjectNumberOf } from '../../workflows/domain/procedures.ts';
import { page, redirect } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { localPath } from '../http/sending.ts';

const ClockState = z
  .object({
    now: z.string(),
    speed: z.number(),
    fixed: z.boolean(),
    nextDeadline: z.string().nullable(),
    nextProcedure: z.string().nullable(),
    /** What the procedures still have to do at this instant; 0 when everything waits for people or for the clock. */
    unsettled: z.number().int(),
  })
  .meta({ id: 'ClockState' });

const counts = z.record(z.string(), z.number().int());
const Totals = z
  .object({
    classes: counts,
    people: z.number().int(),
    hours: z.number().int(),
    money: counts,
    ledger: counts,
    deadlines: counts,
    rungs: counts,
    /** What must be 0, by name. */
    faults: counts,
  })
  .meta({ id: 'DemonstrationTotals' });

/** One second past the deadline: what ends at 24:00 has ended. */
const PAST_MS = 1_000;

export function clockRoutes(counter: Counter): void {
  if (!counter.deps.config.demo) return;

  route(counter, {
    method: 'get',
    path: '/clock',
    summary: 'Demonstration only: the business clock and the next deadline',
    tags: ['demonstration'],
    access: 'public',
    response: ClockState,
    handle: async ({ db }) => {
      const state = await readClock(db);
      const view = {
        ...state,
        now: state.now.toISOString(),
        nextDeadline: state.nextDeadline?.toISOString() ?? null,
      };
      return page(
        'clock/show',
        { ...view, nextNumber: state.nextProcedure && subjectNumberOf(state.nextProcedure) },
        { json: async () => ({ ...view, unsettled: await countUnsettled(db) }) },
      );
    },
  });

  route(counter, {
    method: 'get',
    path: '/clock/totals',
    summary: 'Demonstration only: what was lived through so far, counted from the record, and what must hold',
    tags: ['demonstration'],
    access: 'public',
    query: z.object({ title: searchWords(100) }),
    response: Totals,
    handle: async ({ db, query }) => ({ kind: 'json', body: await readDemonstrationTotals(db, query.title), status: 200 }),
  });

  route(counter, {
    method: 'post',
    path: '/clock/jump',
    summary: 'Demonstration only: move the business clock to the next deadline, or to an instant',
    tags: ['demonstration'],
    access: 'signed-in',
    body: z.object({
      to: z.iso
        .datetime({ offset: true, local: true })
        .meta({ examples: ['2026-03-09T09:00:00+08:00'] })
        .optional()
        .or(z.literal('').transform(() => undefined)),
      /** `due`: only procedures whose alarm is passed are rung; for programs that jump again and end with `all`. */
      ring: z.enum(['all', 'due']).default('all'),
      back: z.string().max(500).optional(),
    }),
    response: z.object({ now: z.string() }),
    handle: async ({ db, actor, body }) => {
      const state = await readClock(db);
      if (state.fixed) throw new ConflictError('clock.fixed');
      const wanted = body.to ? new Date(/[zZ]|[+-]\d\d:\d\d$/.test(body.to) ? body.to : `${body.to}+08:00`) : state.nextDeadline;
      if (!wanted) throw new ConflictError('clock.nothingDue');
      if (wanted <= state.now) throw inputError('to', 'clock.past');
      const at = new Date(wanted.getTime() + PAST_MS);
      await inTransaction(db, async (trx) => {
        await auditOutside(trx, actor.userId, { act: 'clock.jump', subject: 'clock', detail: { to: at.toISOString() } });
        await jumpTo(trx, at, body.ring);
      });
      return redirect(localPath(body.back ?? '/clock'), { json: { now: at.toISOString() }, flash: 'clock.jumped' });
    },
  });

  route(counter, {
    method: 'post',
    path: '/clock/speed',
    summary: 'Demonstration only: how fast the business clock runs (1 to 3600)',
    tags: ['demonstration'],
    access: 'signed-in',
    body: z.object({ speed: z.coerce.number().min(1).max(3600) }),
    handle: async ({ db, actor, body }) => {
      if ((await readClock(db)).fixed) throw new ConflictError('clock.fixed');
      await inTransaction(db, async (trx) => {
        await changeSpeed(trx, body.speed);
        await auditOutside(trx, actor.userId, { act: 'clock.speed', subject: 'clock', detail: { speed: body.speed } });
      });
      return redirect('/clock', { flash: 'clock.speedSet' });
    },
  });
}
