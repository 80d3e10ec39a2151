/** A list of the inbox as a file: what is on screen, no more. */
import { Readable } from 'node:stream';
import type { Actor } from '../../../db/accounts/users.ts';
import { csvText } from '../../../db/formats/csv.ts';
import { exportInbox, type InboxTask, viewsOf } from '../../../db/views/inbox/inbox.ts';
import { file } from '../../http/replies.ts';
import { type Counter, route } from '../../http/routing.ts';
import type { Translate, Words } from '../../pages/i18n.ts';
import { readToday } from '../case/case.ts';
import { dueView, inboxTimes, type Today } from '../due.ts';
import { amountShown, toFilter } from './inbox.ts';
import { InboxList } from '../schemas.ts';
import { stepLabel } from '../words.ts';

export function inboxExportRoutes(counter: Counter): void {
  const { words } = counter.deps;
  route(counter, {
    method: 'get',
    path: '/tasks/export.csv',
    summary: 'The list as a CSV file, at most 10,000 rows, most urgent first; taking it is on record',
    tags: ['tasks'],
    access: 'signed-in',
    query: InboxList,
    file: ['csv'],
    handle: async ({ db, actor, instant, query, t }) => {
      const list = viewsOf(actor).includes(query.view) ? query : { ...query, view: 'queue' as const };
      const at = await readToday(db, instant, actor);
      const batches = exportInbox(db, actor, toFilter(list), inboxTimes(at));
      return file(Readable.from(rowsOf(batches, { at, t, words, actor })), {
        name: `${t('tasks.index.title')}-${at.today}.csv`,
        type: 'text/csv; charset=utf-8',
      });
    },
  });
}

const columns = [
  'subject',
  'number',
  'round',
  'institution',
  'step',
  'headcount',
  'amount',
  'group',
  'due',
  'dueDate',
  'priority',
  'labels',
  'urged',
  'holder',
];

type Reading = { at: Today; t: Translate; words: Words; actor: Actor };

/** Batch by batch. What a spreadsheet would take for a formula is made harmless by the writer. */
async function* rowsOf(batches: AsyncIterable<InboxTask[]>, reading: Reading): AsyncGenerator<string> {
  yield `\ufeff${csvText([columns.map((column) => reading.t(`inbox.columns.${column}`))])}`;
  for await (const tasks of batches) yield csvText(tasks.map((task) => rowOf(task, reading)));
}

function rowOf(task: InboxTask, { at, t, words, actor }: Reading): string[] {
  const amountFen = amountShown(task, task, actor);
  const due = dueView(task, at, t);
  return [
    task.subject_title,
    task.subject_number,
    String(task.round),
    task.institution_name,
    stepLabel(words, t, task),
    task.headcount === null ? '' : String(task.headcount),
    amountFen === null ? '' : (amountFen / 100).toFixed(2),
    t(`tasks.groups.${due.state}`),
    [due.words, due.detail].filter(Boolean).join(' '),
    task.due_date ?? '',
    task.priority_reason === null ? '' : t('tasks.priorityFor', { reason: task.priority_reason }),
    task.labels.join(t('common.listSeparator')),
    task.urged_at ? t('tasks.urged') : '',
    task.holder ?? '',
  ];
}
