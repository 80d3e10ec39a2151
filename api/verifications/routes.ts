/** Answers of the registers about a class (联网核查), for the office: settled by hand with a reason, asked again, or the trainee taken off the class. */
import { z } from 'zod';
import { askAgain, registers, settleVerification } from '../../db/classes/verifications.ts';
import { excludeEnrolment } from '../../db/roster/roster.ts';
import { type CheckLine, type Checks, findCheckReview, getChecks } from '../../db/views/classes/checks.ts';
import { type TrainingHead, getTrainingHead } from '../../db/views/training/training.ts';
import { NotFoundError } from '../../workflows/domain/errors.ts';
import { ClassParams, isOfficer, trainingHead } from '../attendance/head.ts';
import { page, redirect, type Reply } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { CheckList, Exclusion, Settlement } from './schemas.ts';
import { simulatorRoutes } from './simulators.ts';

export function verificationRoutes(counter: Counter): void {
  simulatorRoutes(counter);

  route(counter, {
    method: 'get',
    path: '/classes/:number/verifications',
    summary: 'How the registers answered: sums by register, and every answer that is not a plain yes',
    tags: ['verifications'],
    access: 'signed-in',
    params: ClassParams,
    response: CheckList,
    handle: (context) => show(context),
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/verifications/settle',
    summary: 'Settle checks by hand with a reason; the register’s answer stays on record',
    tags: ['verifications'],
    access: 'signed-in',
    params: ClassParams,
    body: Settlement,
    response: z.object({ settled: z.number().int() }),
    errors: [409],
    handle: async ({ db, actor, params, body, request }) => {
      const head = await officeHead(db, actor, params.number);
      const answer = await settleVerification(db, actor, {
        procedureId: head.procedureId,
        verificationIds: body.verificationIds,
        reason: body.reason,
        request,
      });
      return redirect(`/classes/${head.number}/verifications`, {
        json: answer,
        flash: { key: 'verifications.settled', params: { count: answer.settled } },
      });
    },
    onInvalid: (context, issues, entered) => show(context, { issues, entered }),
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/verifications/again',
    summary: 'Ask the registers again about everything that is not confirmed',
    tags: ['verifications'],
    access: 'signed-in',
    params: ClassParams,
    response: z.object({ asked: z.number().int() }),
    errors: [409],
    handle: async ({ db, actor, params, request }) => {
      const head = await officeHead(db, actor, params.number);
      const answer = await askAgain(db, actor, head.procedureId, request);
      return redirect(`/classes/${head.number}/verifications`, {
        json: answer,
        flash: { key: 'verifications.askedAgain', params: { count: answer.asked } },
      });
    },
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/exclusions',
    summary: 'Take a trainee off the class during the review before the training (核减), with a reason',
    tags: ['verifications'],
    access: 'signed-in',
    params: ClassParams,
    body: Exclusion,
    response: z.object({ headcount: z.number().int() }),
    errors: [409],
    handle: async ({ db, actor, params, body, request }) => {
      const head = await officeHead(db, actor, params.number);
      const answer = await excludeEnrolment(db, actor, {
        procedureId: head.procedureId,
        enrolmentId: body.enrolmentId,
        reason: body.excludeReason ?? body.reason ?? '',
        request,
      });
      return redirect(`/classes/${head.number}/verifications`, {
        json: answer,
        flash: { key: 'verifications.excluded', params: { count: answer.headcount } },
      });
    },
    onInvalid: (context, issues, entered) =>
      show(context, { issues: issues.map((issue) => (issue.field === 'reason' ? { ...issue, field: 'excludeReason' } : issue)), entered }),
  });
}

type Reader = Pick<Context<unknown, unknown, unknown>, 'db' | 'actor'>;

/** The class, for the office only: what the registers said about people is not the institution's to read. */
async function officeHead(db: Reader['db'], actor: Reader['actor'], number: string): Promise<TrainingHead> {
  const head = await getTrainingHead(db, actor, number);
  if (!isOfficer(actor, head)) throw new NotFoundError('class.unknown');
  return head;
}

async function show(
  { db, actor, params, t, deps, config }: Context<{ number: string }, unknown, unknown>,
  more: Record<string, unknown> = {},
): Promise<Reply> {
  const head = await officeHead(db, actor, params.number);
  const review = await findCheckReview(db, actor, head.procedureId);
  const checks = await getChecks(db, head.id, registers);
  const trainees = [
    ...new Map(
      checks.lines
        .filter((line) => !line.settled)
        .map((line) => [line.enrolmentId, { value: line.enrolmentId, label: `${line.seat} ${line.name}` }]),
    ).values(),
  ];
  return page(
    'verifications/show',
    {
      ...trainingHead(head, 'verifications', { actor, t }),
      ...checksView(checks),
      lines: checks.lines.map((line) => ({
        ...line,
        tone: toneOf(line),
        mayHandle: review !== undefined && !line.settled && review.registers.includes(line.register),
      })),
      review: review && {
        href: `/tasks/${review.task.id}`,
        mayExclude: review.mayExclude && trainees.length > 0,
        mayAsk: checks.sums.some((sum) => review.registers.includes(sum.register) && sum.outstanding > 0),
      },
      trainees,
      simulators: config.demo && deps.registersControl !== undefined,
      ...more,
    },
    {
      nav: 'classes',
      json: {
        number: head.number,
        outstanding: checks.outstanding,
        sums: checks.sums.map((sum) => ({ ...sum, at: sum.at?.toISOString() ?? null })),
        lines: checks.lines.map(lineJson),
      },
    },
  );
}

/** The sums as badges: agreeing green, differing red, waiting amber, settled by hand blue. */
export function checksView(checks: Checks) {
  return {
    outstanding: checks.outstanding,
    rows: checks.sums.map((sum) => ({
      ...sum,
      tone: sum.no + sum.contradictory > 0 ? 'red' : sum.none > 0 ? 'amber' : '',
      badges: (
        [
          ['yes', 'green'],
          ['no', 'red'],
          ['contradictory', 'red'],
          ['none', 'amber'],
          ['settled', 'blue'],
        ] as const
      ).flatMap(([key, tone]) => (sum[key] > 0 ? [{ key, tone, count: sum[key] }] : [])),
    })),
  };
}

export function toneOf(line: CheckLine): string {
  if (line.settled) return 'blue';
  return line.result === 'none' ? 'amber' : 'red';
}

function lineJson(line: CheckLine) {
  return { ...line, askedAt: line.askedAt.toISOString(), answeredAt: line.answeredAt?.toISOString() ?? null };
}
