/** The workplace of an institution (工作台): its first page, and every answer of the office. */
import { listUnreadClasses } from '../../db/views/classes/messages.ts';
import { listOfficeAnswers } from '../../db/views/office-answers.ts';
import { listAsked, listDrafts, listOwnClasses, sumYear } from '../../db/views/workplace.ts';
import { hasRole } from '../../workflows/domain/scope.ts';
import { readTimeCursor, nextCursor } from '../http/cursors.ts';
import { page } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { readToday } from '../tasks/case/case.ts';
import { answerJson, answersFilter, answersPath, answerView } from './answers.ts';
import { askedJson, askedView, classJson, classView, yearJson } from './page.ts';
import { Answers, AnswersQuery, Workplace, WorkplaceQuery } from './schemas.ts';

/** What the first page shows of each list before it leads on. */
const ASKED = 20;
const ANSWERS = 6;
const answerPlace = /^[\w.+/-]{1,200}$/;

export function workplaceRoutes(counter: Counter): void {
  const { words } = counter.deps;

  route(counter, {
    method: 'get',
    path: '/workplace',
    summary: 'First page of an institution: what is asked of it and by when, its classes and claims, the newest answers of the office',
    tags: ['workplace'],
    access: ['institution', 'assessor'],
    query: WorkplaceQuery,
    response: Workplace,
    handle: async ({ db, actor, instant, query, t }) => {
      const [at, tasks, drafts, unread, classes, year, answers] = await Promise.all([
        readToday(db, instant, actor),
        listAsked(db, actor, ASKED),
        listDrafts(db, actor, ASKED),
        listUnreadClasses(db, actor, ASKED),
        listOwnClasses(db, actor, { text: query.q, after: readTimeCursor(query.after), size: query.size }),
        sumYear(db, actor),
        listOfficeAnswers(db, actor, { size: ANSWERS }),
      ]);
      const speech = { t, words, at };
      const asked = askedView({ tasks, drafts, unread }, speech);
      const total = (tasks[0]?.total ?? 0) + drafts.length + unread.length;
      const next = nextCursor(classes.next);
      return page(
        'workplace/index',
        () => ({
          today: at.today,
          asked,
          total,
          late: asked.filter((row) => row.due.state === 'overdue').length,
          tileTone: asked.some((row) => row.due.state === 'overdue') ? 'red' : '',
          soon: asked.filter((row) => row.due.state === 'soon').length,
          allTasks: tasks.length < (tasks[0]?.total ?? 0) ? '/tasks' : undefined,
          institution: hasRole(actor, 'institution'),
          year,
          classes: classes.lines.map((line) => classView(line, speech)),
          // Where all of them stand on one page nobody looks for one.
          searchable: Boolean(query.q ?? query.after ?? next),
          q: query.q,
          nextHref: next
            ? `/workplace?${new URLSearchParams({ ...(query.q ? { q: query.q } : {}), after: next }).toString()}#classes`
            : undefined,
          firstHref: query.after || query.q ? '/workplace#classes' : undefined,
          answers: answers.lines.map((line) => answerView(line, speech)),
          moreAnswers: answers.next !== undefined,
        }),
        {
          nav: 'workplace',
          json: () => ({
            asked: asked.map(askedJson),
            askedTotal: total,
            year: yearJson(year),
            classes: classes.lines.map(classJson),
            next,
            answers: answers.lines.map((line) => answerJson(line, speech)),
          }),
        },
      );
    },
  });

  route(counter, {
    method: 'get',
    path: '/workplace/answers',
    summary:
      'Everything that the institution was answered over all its classes, newest first: corrections, refusals, reviews, inspections, messages, payments and their returns',
    tags: ['workplace'],
    access: ['institution'],
    query: AnswersQuery,
    response: Answers,
    handle: async ({ db, actor, query, t }) => {
      const { kind, q, size } = query;
      const { lines, next } = await listOfficeAnswers(db, actor, { kind, text: q, after: readTimeCursor(query.after, answerPlace), size });
      const cursor = nextCursor(next);
      return page(
        'workplace/answers',
        () => ({
          answers: lines.map((line) => answerView(line, { t, words })),
          ...answersFilter(query, { t }),
          clear: answersPath({}),
          nextHref: cursor ? answersPath({ kind, q, after: cursor }) : undefined,
          firstHref: query.after || query.q ? answersPath({ kind, q }) : undefined,
        }),
        { nav: 'workplace', json: () => ({ answers: lines.map((line) => answerJson(line, { t, words })), next: cursor }) },
      );
    },
  });
}
