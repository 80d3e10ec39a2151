/** Changes before and during training (变更): asked for here, reviewed as tasks. */
import { z } from 'zod';
import type { ChangeDetail } from '../../db/training/change-checks.ts';
import { requestChange } from '../../db/training/changes.ts';
import { businessToday } from '../../db/calendar/instant.ts';
import { type ChangeLine, listChanges, listMeans } from '../../db/views/training/changes.ts';
import { listSessions } from '../../db/views/classes/classes.ts';
import { getTrainingHead, listEnrolled } from '../../db/views/training/training.ts';
import { mayClass } from '../../workflows/domain/classes/class.ts';
import { inputError } from '../../workflows/domain/errors.ts';
import { ClassParams, isOwner, trainingHead } from '../attendance/head.ts';
import { page, redirect, type Reply } from '../http/replies.ts';
import { type Context, type Counter, route } from '../http/routing.ts';
import { Change, ChangeRequest, Requested } from './schemas.ts';

export function changeRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/classes/:number/changes',
    summary: 'Changes asked for, newest first, and how they were decided',
    tags: ['training'],
    access: 'signed-in',
    params: ClassParams,
    query: z.object({ kind: z.enum(['teacher', 'date', 'venue', 'drop_out']).optional() }),
    response: z.object({ number: z.string(), changes: z.array(Change) }),
    handle: (context) => show(context, context.query.kind),
  });

  route(counter, {
    method: 'post',
    path: '/classes/:number/changes',
    summary: 'Ask for another teacher, date or venue, or report a drop-out; each becomes a reviewed task',
    tags: ['training'],
    access: ['institution'],
    params: ClassParams,
    body: ChangeRequest,
    response: Requested,
    creates: true,
    errors: [409],
    handle: async ({ db, actor, params, body, request }) => {
      await getTrainingHead(db, actor, params.number);
      const answer = await requestChange(db, actor, { number: params.number, change: toDetail(body), reason: body.reason, request });
      return redirect(`/classes/${params.number}/changes`, {
        json: answer,
        status: 201,
        flash: { key: 'changes.requested', params: { no: answer.changeNo } },
      });
    },
    onInvalid: (context, issues, entered) =>
      show(context, typeof entered['kind'] === 'string' ? entered['kind'] : undefined, { issues, entered }),
  });
}

/** Which fields a kind needs is said at the fields. */
function toDetail(body: z.output<typeof ChangeRequest>): ChangeDetail {
  const need = <T>(field: string, value: T | undefined): T => {
    if (value === undefined) throw inputError(field, 'required');
    return value;
  };
  switch (body.kind) {
    case 'teacher':
      return { kind: 'teacher', sessionIds: body.sessionIds, teacherId: need('teacherId', body.teacherId) };
    case 'venue':
      return { kind: 'venue', sessionIds: body.sessionIds, venueId: need('venueId', body.venueId) };
    case 'drop_out':
      return { kind: 'drop_out', enrolmentId: need('enrolmentId', body.enrolmentId) };
    case 'date':
      if (body.days !== undefined) return { kind: 'date', days: body.days };
      return { kind: 'date', sessionId: need('sessionId', body.sessionId), day: need('day', body.day), half: need('half', body.half) };
  }
}

async function show(
  { db, actor, params, t }: Context<{ number: string }, unknown, unknown>,
  kind: string | undefined,
  more: Record<string, unknown> = {},
): Promise<Reply> {
  const head = await getTrainingHead(db, actor, params.number);
  const changes = await listChanges(db, head.id, head.procedureId);
  const mayAsk = mayClass(head.status, 'requestChange') && isOwner(actor, head);
  return page(
    'changes/index',
    {
      ...trainingHead(head, 'changes', { actor, t }),
      changes: changes.map(changeView),
      mayAsk,
      kind: kind ?? 'teacher',
      kinds: ['teacher', 'date', 'venue', 'drop_out'],
      ...(mayAsk ? await choices(db, head, t) : {}),
      ...more,
    },
    { nav: 'classes', json: { number: head.number, changes: changes.map(changeJson) } },
  );
}

async function choices(
  db: Parameters<typeof listSessions>[0],
  head: Parameters<typeof listMeans>[1] & { id: string },
  t: (key: string, params?: Record<string, unknown>) => string,
) {
  const [sessions, people, means, today] = await Promise.all([
    listSessions(db, head.id),
    listEnrolled(db, head.id),
    listMeans(db, head),
    businessToday(db),
  ]);
  const ahead = sessions.filter((session) => session.day >= today);
  return {
    ahead,
    sessionOptions: ahead.map((session) => ({
      value: session.id,
      label: t('changes.sessionOption', {
        day: session.day,
        half: t(`attendance.halves.${session.half}`),
        topic: session.topic,
        teacher: session.teacher,
      }),
    })),
    teacherOptions: means.teachers.map((teacher) => ({ value: teacher.id, label: teacher.name })),
    venueOptions: means.venues.map((venue) => ({ value: venue.id, label: `${venue.name}（${venue.capacity}）` })),
    traineeOptions: people
      .filter((person) => person.status === 'enrolled')
      .map((person) => ({ value: person.id, label: `${person.seat} ${person.name}` })),
    halfOptions: ['morning', 'afternoon', 'evening'].map((half) => ({ value: half, label: t(`attendance.halves.${half}`) })),
    today,
  };
}

const tones = { requested: 'amber', approved: 'green', refused: 'red', cancelled: '' } as const;

function changeView(change: ChangeLine) {
  return { ...change, tone: tones[change.status] };
}

function changeJson(change: ChangeLine) {
  return {
    ...change,
    requestedAt: change.requestedAt.toISOString(),
    decisions: change.decisions.map((decision) => ({ ...decision, at: decision.at.toISOString() })),
  };
}
