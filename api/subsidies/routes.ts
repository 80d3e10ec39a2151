/** Subsidy applications: the preview of a claim, the lines with standard, percentage and source, accounts entered anew, withdrawal. */
import { z } from 'zod';
import { freeText, line } from '../http/fields.ts';
import { correctAccounts, listCorrectable } from '../../db/money/account-corrections.ts';
import { getClass } from '../../db/classes/classes.ts';
import { decideTask } from '../../db/protocol/decisions.ts';
import { onceOnly } from '../../db/protocol/idempotency.ts';
import { getRegion } from '../../db/regions.ts';
import { claimTaskOf, getApplicationOfClass, priceClaim, withdrawApplication } from '../../db/money/subsidies.ts';
import { findOpenTask } from '../../db/views/payments.ts';
import { getApplicationView, listBatchesOf, listFiledPeople, listLines, listPapersOf } from '../../db/views/subsidies.ts';
import { NotFoundError } from '../../workflows/domain/errors.ts';
import { mayApplication } from '../../workflows/domain/money/application.ts';
import { procedureIdOf } from '../../workflows/domain/procedures.ts';
import { maySee } from '../../workflows/domain/scope.ts';
import { page, redirect } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { trackOf } from '../tasks/case/page.ts';
import { amountView, lineView } from './lines.ts';
import { Application, Claim } from './schemas.ts';

const Numbered = z.object({ number: z.string().max(60) });
const REFRESH_SECONDS = 2;

type Showing = Pick<Context<{ number: string }, unknown, unknown>, 'db' | 'actor' | 'params' | 't' | 'locale'>;

export function subsidyRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/classes/:number/claim',
    summary: 'What the filed trainees of a class come to, before the claim is sent; the claim itself is the decision of the task named',
    tags: ['subsidies'],
    access: 'signed-in',
    params: Numbered,
    response: Claim,
    handle: (context) => claim(context),
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/claim',
    summary: 'Sends the claim for every filed trainee of the class',
    tags: ['subsidies'],
    access: ['institution'],
    params: Numbered,
    response: z.object({ application: z.string() }),
    handle: async ({ db, actor, params, request }) => {
      const row = await getClass(db, params.number);
      if (row.institution_id !== actor.institutionId) throw new NotFoundError('class.unknown');
      await decideTask(db, actor, { taskId: await claimTaskOf(db, row.number), outcome: 'submit', request });
      const application = await getApplicationOfClass(db, row.id);
      return redirect(`/subsidies/${application.number}`, { json: { application: application.number }, flash: 'subsidies.claimSent' });
    },
  });

  route(counter, {
    method: 'get',
    path: '/subsidies/:number',
    summary: 'One application with its lines, batches and what its institution may do',
    tags: ['subsidies'],
    access: 'signed-in',
    params: Numbered,
    response: Application,
    handle: (context) => show(context),
  });

  route(counter, {
    method: 'post',
    path: '/subsidies/:number/accounts',
    summary: 'New accounts by enrolment, for lines that the bank returned or while the claim is back for correction',
    tags: ['subsidies'],
    access: ['institution'],
    params: Numbered,
    body: z.object({
      accounts: z.record(z.string().max(40), z.string().max(40)),
      banks: z.record(z.string().max(40), line(0, 60)).optional(),
    }),
    response: z.object({ corrected: z.number().int() }),
    handle: async ({ db, vault, actor, params, body, request }) => {
      const application = await getApplicationView(db, actor, params.number);
      const to = `/subsidies/${application.number}`;
      const entered = Object.entries(body.accounts).filter(([, account]) => account.trim() !== '');
      const accounts = entered.map(([enrolmentId, account]) => ({ enrolmentId, account, bankName: body.banks?.[enrolmentId] }));
      const { decided } = await onceOnly(db, request, async (trx) => {
        await correctAccounts(trx, vault, actor, { number: application.number, accounts });
        const task = await findOpenTask(trx, application.procedure_id, ['account_correction']);
        if (task) await decideTask(trx, actor, { taskId: task.id, outcome: 'corrected' });
        return { decided: task !== undefined };
      });
      // A claim that is back for correction is handed in again at its own task.
      const flash = decided ? 'subsidies.accountsCorrected' : 'subsidies.accountsSaved';
      return redirect(to, { json: { corrected: accounts.length }, flash });
    },
    onInvalid: (context, issues, entered) => show(context, { issues, entered }, 422),
  });

  route(counter, {
    method: 'post',
    path: '/subsidies/:number/withdraw',
    summary: 'The institution takes its claim back, as long as no money is committed',
    tags: ['subsidies'],
    access: ['institution'],
    params: Numbered,
    body: z.object({ reason: freeText(500).default('') }),
    response: z.object({ withdrawn: z.boolean() }),
    handle: async ({ db, actor, params, body, request }) => {
      await withdrawApplication(db, actor, { number: params.number, reason: body.reason, request });
      return redirect(`/subsidies/${params.number}`, { json: { withdrawn: true }, flash: 'subsidies.withdrawn' });
    },
    onInvalid: (context, issues, entered) => show(context, { issues, entered, withdrawing: true }, 422),
  });
}

async function claim({ db, actor, params, t, locale }: Showing) {
  const row = await getClass(db, params.number);
  const region = await getRegion(db, row.region);
  if (!maySee(actor, { regionPath: region.path, institutionIds: [row.institution_id] })) throw new NotFoundError('class.unknown');
  const [people, priced, task] = await Promise.all([
    listFiledPeople(db, row.id),
    priceClaim(db, row.id),
    findOpenTask(db, procedureIdOf('trainingClass', row.number), ['claim']),
  ]);
  const lines = priced.flatMap(({ enrolmentId, amount }) => {
    const person = people.get(enrolmentId);
    return person ? [{ ...amountView(person, amount, t, locale), held: person.held_by !== null }] : [];
  });
  const totalFen = lines.reduce((sum, line) => sum + line.amountFen, 0);
  const view = {
    title: row.title,
    classNumber: row.number,
    packId: row.pack_id,
    lines,
    totalFen,
    shownFen: totalFen,
    showAccount: true,
    unsourced: lines.some((line) => line.unsourced),
    open: task !== undefined && actor.institutionId === row.institution_id,
  };
  return page('subsidies/claim', view, {
    nav: 'classes',
    json: { number: row.number, packId: row.pack_id, lines, totalFen, taskId: task?.id ?? null },
  });
}

async function show({ db, actor, params, t, locale }: Showing, more: Record<string, unknown> = {}, status = 200) {
  const application = await getApplicationView(db, actor, params.number);
  const own = actor.institutionId === application.institution_id;
  const [rows, batches, papers, correctable, correction] = await Promise.all([
    listLines(db, application.id),
    listBatchesOf(db, application.id),
    listPapersOf(db, application.procedure_id),
    own ? listCorrectable(db, application.procedure_id) : [],
    own ? findOpenTask(db, application.procedure_id, ['correction']) : undefined,
  ]);
  const lines = rows.map((line) => lineView(line, t, locale));
  const open = new Map(correctable.map((line) => [line.enrolmentId, line]));
  const sum = (wanted: (line: (typeof lines)[number]) => boolean): number =>
    lines.filter(wanted).reduce((fen, line) => fen + line.amountFen, 0);
  const facts = {
    number: application.number,
    classNumber: application.class_number,
    title: application.title,
    institution: application.institution,
    status: application.status,
    packId: application.pack_id,
    fund: application.fund,
    year: application.year,
    totalFen: application.total_fen,
    approvedFen: application.approved_fen,
    paidFen: sum((line) => line.status === 'paid'),
  };
  const view = {
    ...facts,
    statusLabel: t(`subsidies.states.${application.status}`),
    stages: trackOf(
      {
        type: 'subsidyApplication',
        stage: application.stage,
        status: application.procedure_status,
        outcome: application.procedure_outcome,
      },
      t,
    ),
    lines,
    shownFen: sum((line) => line.status !== 'excluded'),
    showStatus: true,
    showAccount: true,
    unsourced: lines.some((line) => line.unsourced),
    people: lines.filter((line) => line.status !== 'excluded').length,
    batches: batches.map((batch) => ({ ...batch, statusLabel: t(`payments.states.${batch.status}`) })),
    mayOpenBatches: !own,
    papers: papers.map((paper) => ({ ...paper, label: t(`subsidies.papers.${paper.kind}`) })),
    accounts: lines
      .filter((line) => open.has(line.enrolmentId))
      .map((line) => ({ ...line, waits: open.get(line.enrolmentId)?.waits === true })),
    returned: correctable.some((line) => line.returned),
    resubmit: correction ? `/tasks/${correction.id}` : undefined,
    mayWithdraw: own && mayApplication(application, 'withdraw') && application.procedure_status === 'open',
    moving: application.behind,
    ...more,
  };
  const json = {
    ...facts,
    lines,
    batches: batches.map((batch) => ({
      number: batch.number,
      status: batch.status,
      lineCount: batch.line_count,
      totalFen: batch.total_fen,
    })),
    correctable: correctable.map((line) => line.enrolmentId),
  };
  return page('subsidies/show', view, { nav: 'classes', status, json, ...(application.behind ? { refreshSeconds: REFRESH_SECONDS } : {}) });
}
