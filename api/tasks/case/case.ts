/** Reads everything that the case page needs and draws it; also with what was typed when an act was refused. */
import { readCalendars } from '../../../db/calendar/calendar.ts';
import { listDelegations } from '../../../db/protocol/holding/delegations.ts';
import { findOrder } from '../../../db/protocol/supervision/orders.ts';
import { listPossibleSigners, takesSigners } from '../../../db/protocol/signing/added-signers.ts';
import { listSignatures } from '../../../db/protocol/signing/groups.ts';
import { listColleagues } from '../../../db/protocol/supervision/supervision.ts';
import { noteRead, obstacleToTakingBack } from '../../../db/protocol/taking-back.ts';
import { findCapacity, whoSignedElsewhere } from '../../../db/protocol/task-acts.ts';
import { listProposedRefusals } from '../../../db/views/classes/class-reviews.ts';
import { listCaseLabels, listLabelsInUse } from '../../../db/inbox/labels.ts';
import { listRungs } from '../../../db/protocol/supervision/rungs.ts';
import { countOutstanding } from '../../../db/classes/verifications.ts';
import { type Case, getCase, listOpenTasks, listTimeline, type OpenTask } from '../../../db/views/case.ts';
import type { Instant } from '../../../db/calendar/instant.ts';
import { takesLabels } from '../../../workflows/domain/labels.ts';
import { ConflictError } from '../../../workflows/domain/errors.ts';
import { workRegionOf } from '../../../workflows/domain/scope.ts';
import { judgeTaskAct, relationsOf, type TaskAct, taskActs } from '../../../workflows/domain/task-acts.ts';
import { isOutsideRole, stageOf } from '../../../workflows/domain/tasks.ts';
import { page, type Reply } from '../../http/replies.ts';
import type { Context } from '../../http/routing.ts';
import { datesIn } from '../../pages/dates.ts';
import type { FieldIssue } from '../../http/validation.ts';
import { taskDraftOf, wordsOfDecision } from '../../drafts/page.ts';
import { type CaseParts, caseView, type Conflict, outcomeTold } from './page.ts';
import type { Today } from '../due.ts';
import { loadCorrectionReview } from '../../corrections/review.ts';
import { evidenceJson, loadEvidence } from '../evidence.ts';
import { aheadView, returnedFrom } from '../ahead.ts';
import { type CasePart, loadPart } from './parts.ts';
import { InboxList, type TaskParams } from '../schemas.ts';
import { listQuery, taskHead } from '../inbox/inbox.ts';
import { signaturesJson } from '../signing/signatures.ts';

export type CaseContext = Pick<
  Context<TaskParams, unknown, unknown>,
  'db' | 'vault' | 'actor' | 'instant' | 'params' | 't' | 'locale' | 'deps'
>;

const TIMELINE = 60;

export function taskIdOf(params: TaskParams): string {
  return `${params.procedure}/${params.step}/${params.round}`;
}

/** The day of a request, with the calendars in force. */
export async function readToday(
  db: CaseContext['db'],
  { now, today, calendar_key }: Instant,
  reader: CaseContext['actor'],
): Promise<Today> {
  const calendars = await readCalendars(db, calendar_key);
  return { now, today, calendars, calendar: calendars.of(workRegionOf(reader) ?? '') };
}

export type Redraw = {
  status?: number;
  issues?: FieldIssue[];
  entered?: Record<string, unknown> | undefined;
  conflict?: Conflict;
  /** What was entered is of another form than that of the decision. */
  beside?: boolean;
  revealed?: { enrolmentId: string; idNumber: string };
  list?: string | undefined;
  seen?: number | undefined;
  part?: CasePart | undefined;
  /** In the timeline: the line before which the page begins. */
  before?: number | undefined;
};

/** The page of a task; `redraw` keeps what was typed. Throws NotFoundError outside the reader's region. */
export async function showCase(context: CaseContext, redraw: Redraw = {}): Promise<Reply> {
  const { db, actor, params, t, locale, deps } = context;
  const found = await getCase(db, actor, taskIdOf(params));
  const { task, procedure } = found;
  const verdict = await verdictsOn(db, actor, found);
  if (verdict('decide') === 'yes') await noteRead(db, task);
  const claimFor = verdict('claim') === 'yes' ? (await findCapacity(db, actor, task))?.principal : undefined;
  const takeBack = verdict('take_back') === 'yes' && (await obstacleToTakingBack(db, procedure, task)) === undefined;
  const office = actor.institutionId === undefined;
  const [
    at,
    evidence,
    timeline,
    open,
    rungs,
    order,
    colleagues,
    delegations,
    outstanding,
    corrections,
    signatures,
    possible,
    labels,
    labelsInUse,
    proposed,
  ] = await Promise.all([
    readToday(db, context.instant, actor),
    loadEvidence({ db, actor, task, procedure, t, words: deps.words, locale }),
    listTimeline(db, procedure.id, { limit: TIMELINE, outside: !office }),
    listOpenTasks(db, procedure.id),
    listRungs(db, task.id),
    findOrder(db, { lateTask: task.id }),
    verdict('reassign') === 'yes' || verdict('delegate') === 'yes' ? listColleagues(db, task) : [],
    // What the office asks itself is for the office.
    office ? listDelegations(db, task.id) : [],
    checked(task) && procedure.class_id ? countOutstanding(db, procedure.class_id, stageOf(task.step)) : 0,
    loadCorrectionReview({ db, actor, task, procedure, t, words: deps.words, locale }),
    office && task.joint_group !== null ? listSignatures(db, task.joint_group) : [],
    verdict('add_signer') === 'yes' && takesSigners(task) ? listPossibleSigners(db, task) : undefined,
    listCaseLabels(db, actor, procedure.id),
    takesLabels(procedure) ? listLabelsInUse(db, actor) : [],
    // What is only proposed stays inside the office.
    office && task.status === 'open' && task.kind === 'review' ? listProposedRefusals(db, task) : [],
  ]);
  const list = normalList(redraw.list);
  const subject = await loadPart(context, found, { part: redraw.part ?? 'overview', before: redraw.before, list });
  const parts: CaseParts = {
    found,
    amount: subject?.amount,
    evidence,
    timeline,
    open,
    rungs,
    order,
    verdict,
    claimFor,
    takeBack,
    relations: relationsOf(actor, task),
    colleagues,
    delegations,
    signatures,
    possible,
    labels,
    labelsInUse,
    proposed,
    outstanding,
    corrections,
    actor,
    at,
    list,
    t,
    words: deps.words,
    locale,
    conflict: redraw.conflict,
    refusedAt: redraw.issues?.map((issue) => issue.field),
    seen: redraw.conflict ? redraw.seen : undefined,
    revealed: redraw.revealed,
  };
  const view = caseView(parts);
  const draft = view.form ? await taskDraftOf({ db, vault: context.vault, actor }, task.id) : undefined;
  // What was refused or goes along a moment ago is newer than what was kept; a refused act beside the decision says nothing about that.
  const decided = redraw.entered !== undefined && wordsOfDecision(redraw.entered) !== undefined && !redraw.beside;
  const entered = decided ? redraw.entered : { ...draft?.entered, ...redraw.entered };
  return page(
    'tasks/show',
    {
      ...view,
      subject,
      // What was settled long ago is not followed by what has been done since: the way goes on from where the procedure stands.
      ahead: aheadView(found.procedure, task.status === 'open' ? task.step : standsAt(procedure, open), {
        t,
        words: deps.words,
        returnedFrom: returnedFrom(timeline),
        open,
      }),
      ...(redraw.issues ? { issues: redraw.issues } : {}),
      entered,
      draft: draft && { keep: draft.keep, restored: decided ? undefined : draft.restored },
    },
    {
      nav: 'tasks',
      status: redraw.status ?? 200,
      json: caseJson(parts, view),
      etag: String(task.version),
      ...(view.moving ? { refreshSeconds: 2 } : {}),
    },
  );
}

/** What the reader may do, by the one table; nothing once the procedure has ended. */
async function verdictsOn(db: CaseContext['db'], actor: CaseContext['actor'], { task, procedure }: Case): Promise<CaseParts['verdict']> {
  const signedElsewhere = task.status === 'open' ? await whoSignedElsewhere(db, actor, task) : undefined;
  return (act: TaskAct) => (procedure.status === 'open' ? judgeTaskAct(act, actor, task, signedElsewhere) : 'task.cancelled');
}

/** The step that is open in the stage of the procedure. */
function standsAt({ stage }: Case['procedure'], open: readonly OpenTask[]): string {
  return (open.find(({ step }) => stageOf(step) === stage) ?? open[0])?.step ?? '';
}

/** Reviews that approve only what the registers confirmed or an officer settled. */
function checked(task: { kind: string; step: string; status: string }): boolean {
  return task.status === 'open' && task.kind === 'review' && ['pre_training', 'filing'].includes(stageOf(task.step));
}

function normalList(text: string | undefined): string {
  const read = InboxList.safeParse(Object.fromEntries(new URLSearchParams(text ?? '')));
  return read.success ? listQuery(read.data) : '';
}

function caseJson(
  { found, actor, at, t, evidence, corrections, verdict, delegations, signatures, labels }: CaseParts,
  view: ReturnType<typeof caseView>,
) {
  const { task } = found;
  const office = actor.institutionId === undefined;
  return {
    ...taskHead(task, found.procedure, { at, t, actor }),
    substituteFor: office ? (task.status === 'open' ? task.held_for : task.decider_for) : null,
    version: task.version,
    status: task.status,
    // Which outcomes a review of the office can have tells how it works among itself.
    ...(office || isOutsideRole(task.role) ? { outcomes: task.outcomes } : {}),
    outcome: outcomeTold(task, actor),
    decided: task.decided_at && task.status === 'decided' ? { name: task.decider ?? '—', at: task.decided_at.toISOString() } : null,
    ladder: view.ladder.map(({ no, act, role, level, state, at, told }) => ({ no, act, role, level, state, at: at.toISOString(), told })),
    // What the office asks and arranges among itself is for the office.
    ...(office
      ? { proposedRefusals: view.proposed.map(({ step, name, at: on, reason }) => ({ step, name, at: on.toISOString(), reason })) }
      : {}),
    suspended: office && task.suspended_at !== null,
    delegate: office ? task.delegate : null,
    priority: office && task.status === 'open' && task.priority_reason !== null ? { reason: task.priority_reason } : null,
    labels: [...labels],
    mayDecide: verdict('decide') === 'yes',
    acts: taskActs.filter((act) => verdict(act) === 'yes'),
    opinions: delegations.map(({ delegate_name: delegate, question, status, opinion, asked_at: askedAt, settled_at: settledAt }) => ({
      delegate,
      question,
      status,
      opinion,
      at: (settledAt ?? askedAt).toISOString(),
    })),
    signatures: signaturesJson(signatures),
    order: view.order
      ? {
          procedure: view.order.id,
          number: view.order.number,
          state: view.order.state,
          paper: view.order.paper,
          signatory: view.order.signatory,
          answerBy: view.order.answerBy,
          answer: view.order.answer,
        }
      : null,
    timeline: view.timeline.map((line) => ({
      at: line.at.toISOString(),
      act: line.act,
      who: line.name,
      for: line.principal,
      reason: line.reason,
    })),
    evidence: evidenceJson(evidence),
    corrections: corrections?.json ?? null,
  };
}

/** Runs an act on a task. Where somebody was earlier, a browser gets the case as it stands now, with what was typed; a program gets the conflict. */
export async function orConflict(context: CaseContext & { forPage: boolean }, redraw: Redraw, act: () => Promise<Reply>): Promise<Reply> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof ConflictError) || !context.forPage) throw error;
    return showCase(context, { ...redraw, status: 409, conflict: conflictWords(error, context) });
  }
}

function conflictWords(error: ConflictError, { t, locale }: CaseContext): Conflict {
  const { at } = error.params;
  return {
    code: error.code,
    message: t(`errors.${error.code}`, { ...error.params, ...(at ? { at: datesIn(locale).dateTime(new Date(at)) } : {}) }),
  };
}
