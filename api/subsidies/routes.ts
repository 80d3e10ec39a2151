/** Subsidy applications: the preview of a claim, the lines with standard, percentage and source, accounts corrected after a return. */
import { z } from 'zod';
import { getClass } from '../../db/classes.ts';
import { correctAccounts } from '../../db/account-corrections.ts';
import { decideTask } from '../../db/decisions.ts';
import { findAnswer } from '../../db/idempotency.ts';
import { getRegion } from '../../db/regions.ts';
import { listRoster } from '../../db/roster.ts';
import { priceClaim, withdrawApplication } from '../../db/subsidies.ts';
import { findOpenTask, getApplicationView, listLines } from '../../db/views/payments.ts';
import { NotFoundError } from '../../workflows/domain/errors.ts';
import { maySee } from '../../workflows/domain/scope.ts';
import { page, redirect } from '../replies.ts';
import { type Context, type Counter, route } from '../routing.ts';

const Number_ = z.object({ number: z.string().max(60) });
const Line = z
  .object({ id: z.string(), enrolmentId: z.string(), seat: z.number().int(), name: z.string(), standardFen: z.number().int(), percent: z.number(), amountFen: z.number().int(), formula: z.string(), status: z.string(), reason: z.string().nullable(), held: z.boolean() })
  .meta({ id: 'SubsidyLine' });

export function subsidyRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/classes/:number/claim',
    summary: 'What the filed trainees of a class come to, before the claim is sent',
    tags: ['subsidies'],
    access: 'signed-in',
    params: Number_,
    handle: async ({ db, actor, params }) => {
      const row = await getClass(db, params.number);
      const region = await getRegion(db, row.region);
      if (!maySee(actor, { regionPath: region.path, institutionIds: [row.institution_id] })) throw new NotFoundError('class.unknown');
      const names = new Map((await listRoster(db, row.id)).map((line) => [line.id, line]));
      const lines = (await priceClaim(db, row.id)).map((line) => ({
        seat: names.get(line.enrolmentId)?.seat,
        name: names.get(line.enrolmentId)?.name,
        id_masked: names.get(line.enrolmentId)?.id_masked,
        standardFen: line.amount.standardFen,
        percent: line.amount.percent,
        amountFen: line.amount.amountFen,
        formula: line.amount.formula,
        sources: line.amount.lines,
      }));
      const task = await findOpenTask(db, `class-${row.number}`, ['claim']);
      const totalFen = lines.reduce((sum, line) => sum + line.amountFen, 0);
      return page('subsidies/claim', { title: row.title, number: row.number, packId: row.pack_id, lines, totalFen, task, own: actor.institutionId === row.institution_id }, { nav: 'classes', json: { lines, totalFen, task: task ?? null } });
    },
  });

  const show = async ({ db, actor, params }: Pick<Context<{ number: string }, unknown, unknown>, 'db' | 'actor' | 'params'>, more: Record<string, unknown> = {}, status = 200) => {
    const application = await getApplicationView(db, actor, params.number);
    const lines = await listLines(db, application.id);
    const correction = actor.institutionId === application.institution_id ? await findOpenTask(db, application.procedure_id, ['account_correction']) : undefined;
    const json = lines.map((line) => ({
      id: line.id,
      enrolmentId: line.enrolment_id,
      seat: line.seat,
      name: line.name,
      standardFen: line.standard_fen,
      percent: Number(line.percent),
      amountFen: line.amount_fen,
      formula: line.trace.formula,
      status: line.status,
      reason: line.status_reason,
      held: line.held_by !== null,
    }));
    const view = {
      number: application.number,
      title: application.title,
      institution: application.institution,
      classNumber: application.class_number,
      packId: application.pack_id,
      fund: application.fund,
      year: application.year,
      status: application.status,
      totalFen: application.total_fen,
      approvedFen: application.approved_fen,
      lines: json.map((line, at) => ({ ...line, id_masked: lines[at]?.id_masked, account_masked: lines[at]?.account_masked, sources: lines[at]?.trace.lines, correcting: correction !== undefined && line.status === 'failed' })),
      correction,
      ...more,
    };
    return page('subsidies/show', view, { nav: 'classes', status, json: { number: application.number, status: application.status, totalFen: application.total_fen, approvedFen: application.approved_fen, lines: json, correction: correction ?? null } });
  };

  route(counter, {
    method: 'get',
    path: '/subsidies/:number',
    summary: 'One application with its lines',
    tags: ['subsidies'],
    access: 'signed-in',
    params: Number_,
    response: z.object({ number: z.string(), status: z.string(), totalFen: z.number().int(), approvedFen: z.number().int().nullable(), lines: z.array(Line), correction: z.unknown() }),
    handle: (context) => show(context),
  });

  route(counter, {
    method: 'post',
    path: '/subsidies/:number/accounts',
    summary: 'New accounts for lines that the bank returned; then the lines go out again',
    tags: ['subsidies'],
    access: ['institution'],
    params: Number_,
    body: z.object({ accounts: z.record(z.string().max(40), z.string().max(40)), banks: z.record(z.string().max(40), z.string().trim().max(60)).optional() }),
    response: z.object({ corrected: z.number().int() }),
    handle: async ({ db, vault, actor, params, body, request }) => {
      const application = await getApplicationView(db, actor, params.number);
      const to = `/subsidies/${application.number}`;
      const entered = Object.entries(body.accounts).filter(([, account]) => account.trim() !== '');
      const accounts = entered.map(([enrolmentId, account]) => ({ enrolmentId, account, bankName: body.banks?.[enrolmentId] }));
      if (request && (await findAnswer(db, request))) return redirect(to, { json: { corrected: accounts.length }, flash: 'subsidies.accountsCorrected' });
      const { saved } = await correctAccounts(db, vault, actor, { number: application.number, accounts });
      const task = await findOpenTask(db, application.procedure_id, ['account_correction']);
      // A claim that is back for correction is handed in again at its own task.
      if (!task) return redirect(to, { json: { corrected: saved }, flash: 'subsidies.accountsSaved' });
      await decideTask(db, actor, { taskId: task.id, outcome: 'corrected', request });
      return redirect(to, { json: { corrected: saved }, flash: 'subsidies.accountsCorrected' });
    },
    onInvalid: (context, issues, entered) => show(context, { issues, entered }, 422),
  });

  route(counter, {
    method: 'post',
    path: '/subsidies/:number/withdraw',
    summary: 'The institution takes its claim back, as long as no money is committed',
    tags: ['subsidies'],
    access: ['institution'],
    params: Number_,
    body: z.object({ reason: z.string().trim().max(500).default('') }),
    response: z.object({ withdrawn: z.boolean() }),
    handle: async ({ db, actor, params, body, request }) => {
      await withdrawApplication(db, actor, { number: params.number, reason: body.reason, request });
      return redirect(`/subsidies/${params.number}`, { json: { withdrawn: true }, flash: 'subsidies.withdrawn' });
    },
    onInvalid: (context, issues, entered) => show(context, { issues, entered }, 422),
  });
}
