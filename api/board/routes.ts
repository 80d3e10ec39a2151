/** The supervisor's board. */
import { z } from 'zod';
import { countBoard, listCandidates, listOwed, supervisionOf } from '../../db/views/board.ts';
import { findKeptBoard } from '../../db/views/kept-boards.ts';
import { listOrdered } from '../../db/protocol/supervision/orders.ts';
import { listInbox } from '../../db/views/inbox/inbox.ts';
import { listSubstitutions } from '../../db/accounts/substitutions.ts';
import { Substitution } from '../substitutions/schemas.ts';
import { boardTimes } from '../../workflows/domain/calendar/board-times.ts';
import { page } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { readToday } from '../tasks/case/case.ts';
import { type BoardParts, boardJson, boardView } from './page.ts';

const SHOWN = 40;
const OWED_SHOWN = 20;
/** The others stand in the list of substitutes. */
const SUBSTITUTIONS_SHOWN = 20;

/** `now=1` counts for this answer, however long it takes. */
const BoardQuery = z.object({ now: z.literal('1').optional() });

const OnTime = z.object({ decided: z.number().int(), late: z.number().int() });
const Load = z.object({
  userId: z.string().nullable(),
  name: z.string().nullable(),
  roles: z.array(z.string()),
  overdue: z.number().int(),
  soon: z.number().int(),
  later: z.number().int(),
  oldestDue: z.string().nullable(),
  decidedToday: z.number().int(),
});
const Late = z.object({
  id: z.string(),
  step: z.string(),
  title: z.string(),
  number: z.string(),
  institution: z.string(),
  dueDate: z.string().nullable(),
  late: z.string(),
});

const Board = z
  .object({
    asOf: z.string(),
    countedAhead: z
      .boolean()
      .meta({ description: 'Counted by the worker at asOf, at most two minutes ago; false: counted for this answer' }),
    figures: z.object({
      overdue: z.number().int(),
      oldestDue: z.string().nullable(),
      soon: z.number().int(),
      soonUnclaimed: z.number().int(),
      later: z.number().int(),
      undated: z.number().int(),
      period: OnTime,
      previous: OnTime,
      waiting: z.number().int(),
      waitingSoon: z.number().int(),
    }),
    loads: z.array(Load),
    overdueSteps: z.array(
      z.object({ step: z.string(), name: z.string(), role: z.string(), count: z.number().int(), oldestDue: z.string() }),
    ),
    overdue: z.array(Late.extend({ holder: z.string().nullable() })),
    institutionsOverdue: z
      .array(Late)
      .meta({ description: 'What institutions have let pass, the longest overdue first; counted in no figure of the board' }),
    substitutions: z.array(Substitution),
    trend: z.array(z.object({ monday: z.string(), number: z.number().int(), decided: z.number().int(), late: z.number().int() })),
  })
  .meta({ id: 'Board' });

export function boardRoutes(counter: Counter): void {
  const { words } = counter.deps;

  route(counter, {
    method: 'get',
    path: '/board',
    summary: "The supervisor's board: everything in the own subtree",
    tags: ['supervision'],
    access: ['supervisor'],
    query: BoardQuery,
    response: Board,
    handle: async ({ db, actor, query, instant, t, locale }) => {
      const supervisor = supervisionOf(actor);
      const at = await readToday(db, instant, actor);
      const times = boardTimes(at);
      const [kept, substitutions, overdue, owed] = await Promise.all([
        query.now ? undefined : findKeptBoard(db, actor, at.now),
        listSubstitutions(db, { paths: supervisor.grants.map(({ path }) => path), size: SUBSTITUTIONS_SHOWN }),
        listInbox(db, supervisor, { view: 'region', urgency: 'overdue' }, times, { size: SHOWN }),
        listOwed(db, supervisor, times, OWED_SHOWN),
      ]);
      const [board, candidates, ordered] = await Promise.all([
        kept ?? countBoard(db, supervisor, times),
        listCandidates(db, overdue.tasks),
        listOrdered(
          db,
          overdue.tasks.map(({ id }) => id),
        ),
      ]);
      const parts: BoardParts = {
        actor,
        at,
        board,
        kept: kept !== undefined,
        candidates,
        ordered,
        substitutions: substitutions.lines,
        moreSubstitutions: substitutions.next !== undefined,
        t,
        words,
        locale,
        overdue: overdue.tasks,
        owed,
      };
      const view = boardView(parts);
      return page('board/index', view, { nav: 'board', json: boardJson(parts, view.weeks) });
    },
  });
}
