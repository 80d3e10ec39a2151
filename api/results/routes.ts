/** Results of the assessment: entered by the assessment body that the class names, by form, sheet or program, then handed in. */
import { z } from 'zod';
import { readResultFile, type ResultLine, resultTemplate } from '../../db/formats/result-file.ts';
import { type PlacedResult, saveResults } from '../../db/training/results.ts';
import { type TrainingHead, findOpenTask, getTrainingHead } from '../../db/views/training/training.ts';
import { listResults, type ResultRow } from '../../db/views/training/results.ts';
import { findCorrection, openListOf } from '../../db/classes/corrections.ts';
import { InputError, inputError, type Issue, NotFoundError } from '../../workflows/domain/errors.ts';
import { stageOf } from '../../workflows/domain/tasks.ts';
import { isOpen } from '../../workflows/domain/classes/correction.ts';
import { itemView } from '../corrections/page.ts';
import { readAnswers } from '../tasks/payload.ts';
import { ItemAnswers } from '../tasks/schemas.ts';
import { ClassParams, Handed, handIn, isAssessor, SheetFormat, trainingHead } from '../attendance/head.ts';
import { Saved } from '../attendance/schemas.ts';
import { file, mediaTypes, page, redirect, type Reply } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { Result, type ResultInput, ResultsEntry } from './schemas.ts';

const kinds = ['results', 'correction'];

export function resultRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/classes/:number/results',
    summary: 'Scores, certificates and whether each trainee is filed',
    tags: ['training'],
    access: 'signed-in',
    params: ClassParams,
    response: z.object({ number: z.string(), taskId: z.string().nullable(), results: z.array(Result) }),
    handle: (context) => show(context),
  });

  route(counter, {
    method: 'get',
    path: '/classes/:number/results/template',
    summary: 'The sheet of results to fill in (.xlsx or .csv), with what is there',
    tags: ['training'],
    access: ['assessor'],
    params: ClassParams,
    query: SheetFormat,
    file: ['xlsx', 'csv'],
    handle: async ({ db, actor, params, query }) => {
      const content = await resultTemplate(assessed(await listResults(db, (await ownHead(db, actor, params.number)).id)), query.format);
      return file(content, { name: `成绩-${params.number}.${query.format}`, type: mediaTypes[query.format] });
    },
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/results',
    summary: 'Save results; a row replaces the earlier one of the same trainee, rows without anything are left out',
    tags: ['training'],
    access: ['assessor'],
    params: ClassParams,
    body: ResultsEntry,
    response: Saved,
    errors: [409],
    handle: async ({ db, actor, params, body, request }) => {
      await ownHead(db, actor, params.number);
      const saved = await saveResults(db, actor, { number: params.number, results: placed(body.results), request });
      return redirect(`/classes/${params.number}/results`, {
        json: saved,
        flash: { key: 'results.saved', params: { count: saved.saved } },
      });
    },
    onInvalid: (context, issues, entered) => show(context, { issues, entered }),
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/results/file',
    summary: 'Upload a filled sheet of results; errors name their cells and nothing is saved',
    tags: ['training'],
    access: ['assessor'],
    params: ClassParams,
    upload: { field: 'file', maxBytes: 10_000_000 },
    response: Saved,
    errors: [409],
    handle: async ({ db, actor, params, files, request }) => {
      const [upload] = files;
      if (!upload) throw inputError('file', 'required');
      const lines = assessed(await listResults(db, (await ownHead(db, actor, params.number)).id));
      const saved = await saveResults(db, actor, {
        number: params.number,
        results: await readResultFile(upload, lines),
        file: upload,
        request,
      });
      return redirect(`/classes/${params.number}/results`, {
        json: saved,
        flash: { key: 'results.saved', params: { count: saved.saved } },
      });
    },
    onInvalid: (context, issues) => show(context, { issues, cells: issues.filter((issue) => issue.field !== 'file') }),
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/results/submit',
    summary: 'Hand in the results, or hand them in again after a correction with an answer at each point of its list',
    tags: ['training'],
    access: ['assessor'],
    params: ClassParams,
    body: z.looseObject({ answers: ItemAnswers }),
    response: Handed,
    errors: [409],
    handle: async (context) => {
      const head = await ownHead(context.db, context.actor, context.params.number);
      const answer = await handIn(context, head, kinds, 'results.closed', 'assessor', { answers: readAnswers(context.body.answers) });
      return redirect(`/classes/${head.number}/results`, { json: answer, flash: 'results.submitted' });
    },
    onInvalid: (context, issues, entered) => show(context, { issues, entered }),
  });
}

/** The class, for its own assessment body. */
async function ownHead(
  db: Context<unknown, unknown, unknown>['db'],
  actor: Context<unknown, unknown, unknown>['actor'],
  number: string,
): Promise<TrainingHead> {
  const head = await getTrainingHead(db, actor, number);
  if (!isAssessor(actor, head)) throw new NotFoundError('class.unknown');
  return head;
}

function placed(inputs: readonly ResultInput[]): PlacedResult[] {
  const issues: Issue[] = [];
  const results = inputs.flatMap((input, at): PlacedResult[] => {
    const { enrolmentId, theoryScore, practiceScore, passed, certificateNumber, certificateDate } = input;
    if ([theoryScore, practiceScore, passed, certificateNumber, certificateDate].every((value) => value === undefined)) return [];
    for (const field of ['theoryScore', 'practiceScore', 'passed'] as const)
      if (input[field] === undefined) issues.push({ field: `results.${at}.${field}`, code: 'required' });
    return [
      {
        enrolmentId,
        theoryScore: theoryScore ?? 0,
        practiceScore: practiceScore ?? 0,
        passed: passed ?? false,
        certificateNumber: certificateNumber?.toUpperCase(),
        certificateDate,
        fieldOf: (field) => `results.${at}.${field}`,
      },
    ];
  });
  if (issues.length > 0) throw new InputError(issues);
  return results;
}

/** Who is to be assessed: enrolled, and attended. */
function assessed(rows: readonly ResultRow[]): ResultLine[] {
  return rows.filter((row) => row.status === 'enrolled' && !row.attendance_short);
}

async function show(
  { db, actor, params, t, locale, deps }: Context<{ number: string }, unknown, unknown>,
  more: Record<string, unknown> = {},
): Promise<Reply> {
  const head = await getTrainingHead(db, actor, params.number);
  const [rows, task] = await Promise.all([listResults(db, head.id), findOpenTask(db, head.procedureId, kinds, 'assessor')]);
  const mayEnter = task !== undefined && isAssessor(actor, head);
  const lines = assessed(rows);
  const correction = mayEnter && task.kind === 'correction' ? await findCorrection(db, head.procedureId, stageOf(task.step)) : undefined;
  const list = correction && openListOf(correction);
  return page(
    'results/show',
    {
      ...trainingHead(head, 'results', { actor, t }),
      rows: rows.map(resultView),
      lines: mayEnter
        ? lines.map((line) => ({
            ...line,
            passedValue: line.passed === null ? '' : line.passed ? '1' : '0',
            lockedScores: list !== undefined && !isOpen(list, { kind: 'scores', reference: line.id }),
            lockedCertificate: list !== undefined && !isOpen(list, { kind: 'certificate', reference: line.id }),
          }))
        : [],
      correction: correction && {
        items: correction.items.map((item) => itemView(item, correction.snapshot, { t, words: deps.words, locale })),
      },
      mayEnter,
      task: task && { id: task.id, kind: task.kind, dueDate: task.due_at },
      missing: lines.filter((line) => line.passed === null).length,
      passed: rows.filter((row) => row.passed).length,
      failed: rows.filter((row) => row.passed === false).length,
      ...more,
    },
    { nav: 'classes', json: { number: head.number, taskId: task?.id ?? null, results: rows.map(resultJson) } },
  );
}

function resultJson({
  id_masked: _masked,
  status_reason: _reason,
  attendance_short: attendanceShort,
  attended_percent: attendedPercent,
  ...row
}: ResultRow) {
  return { ...row, attendanceShort, attendedPercent };
}

const checkTones: Record<string, string> = { yes: 'green', no: 'red', contradictory: 'red', none: 'amber', settled: 'blue' };

export function resultView(row: ResultRow) {
  const state =
    row.status !== 'enrolled'
      ? row.status
      : row.attendance_short
        ? 'short'
        : row.passed === null
          ? 'missing'
          : row.passed
            ? 'passed'
            : 'failed';
  return {
    ...row,
    state,
    tone: { passed: 'green', failed: 'red', short: 'red', missing: 'amber' }[state as string] ?? '',
    checkTone: checkTones[row.check ?? ''] ?? '',
  };
}
