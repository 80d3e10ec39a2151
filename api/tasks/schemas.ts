import { z } from 'zod';
import { civilDate, emptyAsAbsent, freeText, line, reasonField, searchWords, withoutPersonalNumbers } from '../http/fields.ts';
import { REASON_MIN_LENGTH } from '../../workflows/domain/reasons.ts';
import { inboxViews, urgencies } from '../../db/views/inbox/inbox.ts';
import { rungActs, rungLevels, rungRoles } from '../../workflows/domain/policy/ladder.ts';
import { taskActs } from '../../workflows/domain/task-acts.ts';
import { signatureStates } from '../../workflows/domain/signing.ts';
import { CorrectionList } from '../corrections/schemas.ts';
import { EvidenceAnswer } from './evidence-schemas.ts';
import { caseParts } from './case/parts.ts';
import { labelLength } from '../../workflows/domain/labels.ts';
import { taskKinds } from '../../workflows/domain/task-kinds.ts';

export const TaskParams = z.object({
  procedure: z.string().regex(/^[\w.-]{1,120}$/),
  step: z.string().regex(/^[\w.-]{1,80}$/),
  round: z.string().regex(/^[1-9]\d{0,4}$/),
});
export type TaskParams = z.output<typeof TaskParams>;

/** The list that a task was opened from; the next task after a decision comes from the same. */
export const InboxList = z.object({
  view: z.enum(inboxViews).default('queue'),
  kind: z.enum(taskKinds).optional().or(emptyAsAbsent),
  stage: z
    .string()
    .regex(/^[A-Za-z_-]{1,40}$/)
    .optional()
    .or(emptyAsAbsent),
  q: searchWords(100),
  urgency: z.enum(urgencies).optional().or(emptyAsAbsent),
  /** Only what a supervisor marked as pressing (加急). */
  priority: z.literal('1').optional().or(emptyAsAbsent),
  /** A label of an own office. */
  label: z.string().trim().min(1).max(labelLength).superRefine(withoutPersonalNumbers()).optional().or(emptyAsAbsent),
  /** Code of a region: its cases, and what its offices have. */
  region: z
    .string()
    .regex(/^\d{6}$/)
    .optional()
    .or(emptyAsAbsent),
  /** Due on this day or before. */
  dueBy: civilDate.optional().or(emptyAsAbsent),
  /** Whoever has it. */
  holder: z
    .string()
    .regex(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i)
    .optional()
    .or(emptyAsAbsent),
});
export type InboxList = z.output<typeof InboxList>;

/** A list that is kept, as a query string: what stands in it is looked at as it will be read. */
export const KeptList = z
  .string()
  .max(600)
  .superRefine((text, context) => {
    for (const part of [...new URLSearchParams(text)].flat()) withoutPersonalNumbers()(part, context);
  });

export const InboxQuery = InboxList.extend({
  after: z.string().max(400).optional().or(emptyAsAbsent),
  size: z.coerce.number().int().min(1).max(100).default(25),
  /** Boxes that the page shows ticked: those of this page, or all that match. */
  select: z.enum(['page', 'all']).optional().or(emptyAsAbsent),
});

/** The part of a case that stands beside the decision; `before`: in the timeline, the line before which the page begins. */
export const CaseQuery = InboxList.extend({
  part: z.enum(caseParts).default('overview'),
  before: z.coerce.number().int().positive().optional(),
});

export const DueState = z
  .object({
    state: z.enum(['overdue', 'soon', 'later', 'none']),
    date: z.string().nullable(),
    at: z.string().nullable(),
    /** In the reader's language, as on the page. */
    words: z.string(),
    /** The n and m of «第 n/m 个工作日». */
    day: z.number().int().nullable(),
    of: z.number().int().nullable(),
    provisional: z.boolean(),
  })
  .meta({ id: 'DueState' });

const TaskFacts = z.object({
  id: z.string(),
  procedure: z.string(),
  step: z.string(),
  round: z.number().int(),
  kind: z.enum(taskKinds),
  role: z.string(),
  office: z.string(),
  number: z.string(),
  title: z.string(),
  institution: z.string(),
  headcount: z.number().int().nullable(),
  amountFen: z.number().int().nullable(),
  due: DueState,
  holder: z.object({ name: z.string(), since: z.string().nullable(), self: z.boolean() }).nullable(),
  /** Out of the queue until it is resumed; its period goes on. */
  suspended: z.boolean(),
  /** Who was asked for an opinion. */
  delegate: z.string().nullable(),
  /** A supervisor marked it as pressing (加急), and why; it stands first in lists. Null for institutions. */
  priority: z.object({ reason: z.string() }).nullable(),
  /** Labels (标签) that the reader's offices put on the case. */
  labels: z.array(z.string()),
  version: z.number().int(),
});

/** `unreadMessages`: what the other side wrote about the class and the reader has not opened. */
const Task = TaskFacts.extend({
  /** Number of the paper of an order that is signed. */
  paper: z.string().nullable(),
  unreadMessages: z.number().int(),
  /** One of several signatures: how many have signed, of how many. */
  signatures: z.object({ joint: z.enum(['all', 'any', 'added']), signed: z.number().int(), asked: z.number().int() }).nullable(),
}).meta({ id: 'Task' });

export const Inbox = z
  .object({
    view: z.enum(inboxViews),
    tasks: z.array(Task),
    counts: z.object({
      total: z.number().int(),
      overdue: z.number().int(),
      soon: z.number().int(),
      later: z.number().int(),
      none: z.number().int(),
      /** Of all these, marked as pressing. */
      priority: z.number().int(),
      mine: z.number().int(),
      asked: z.number().int(),
      /** In the own queues, refused by four eyes: somebody else has to do them. Not in the other figures. */
      barred: z.number().int(),
      capped: z.boolean(),
      searchedOfEach: z.number().int().optional().meta({
        description:
          'So much is open in the region that the text was looked for among this many tasks of each office only, the most urgent',
      }),
    }),
    savedViews: z.array(z.object({ id: z.uuid(), name: z.string(), list: z.string() })),
    next: z.string().nullable(),
  })
  .meta({ id: 'Inbox' });

export const CaseDetail = TaskFacts.extend({
  status: z.enum(['open', 'decided', 'expired', 'cancelled']),
  /** What it can be decided as; absent where an institution reads a task of the office. */
  outcomes: z.array(z.string()).optional(),
  outcome: z.string().nullable(),
  decided: z.object({ name: z.string(), at: z.string() }).nullable(),
  /** That earlier reviewers proposed to refuse it, and why; absent for institutions. */
  proposedRefusals: z.array(z.object({ step: z.string(), name: z.string(), at: z.string(), reason: z.string() })).optional(),
  mayDecide: z.boolean(),
  /** Name of the principal for whom a substitute has it or decided it. */
  substituteFor: z.string().nullable(),
  /** Rungs of the escalation ladder, oldest first: rung, passed without ringing, next, later. Empty for institutions. */
  ladder: z.array(
    z.object({
      no: z.number().int(),
      act: z.enum(rungActs),
      role: z.enum(rungRoles),
      level: z.enum(rungLevels),
      state: z.enum(['rang', 'passed', 'next', 'later']),
      at: z.string(),
      told: z.number().int().nullable(),
    }),
  ),
  /** What the reader may do with it now. */
  acts: z.array(z.enum(taskActs)),
  opinions: z.array(
    z.object({
      delegate: z.string(),
      question: z.string(),
      status: z.enum(['asked', 'answered', 'recalled']),
      opinion: z.string().nullable(),
      at: z.string(),
    }),
  ),
  /** The signatures under this step (会签, 或签, 加签), where several are asked for. Empty for institutions. */
  signatures: z.array(
    z.object({
      task: z.string(),
      joint: z.enum(['all', 'any', 'added']),
      role: z.string(),
      state: z.enum(signatureStates),
      outcome: z.string().nullable(),
      name: z.string().nullable(),
      for: z.string().nullable(),
      at: z.string().nullable(),
      reason: z.string().nullable(),
      askedBy: z.string().nullable(),
      question: z.string().nullable(),
    }),
  ),
  /** The order of the superior authority about this task. */
  order: z
    .object({
      procedure: z.string(),
      /** Of the order as a case; `paper` is what people cite once it is signed. */
      number: z.string(),
      state: z.enum(['requested', 'issued', 'answered', 'waived']),
      paper: z.string().nullable(),
      signatory: z.string().nullable(),
      answerBy: z.string().nullable(),
      answer: z.string().nullable(),
    })
    .nullable(),
  timeline: z.array(
    z.object({ at: z.string(), act: z.string(), who: z.string().nullable(), for: z.string().nullable(), reason: z.string().nullable() }),
  ),
  evidence: EvidenceAnswer,
  corrections: CorrectionList.nullable(),
}).meta({ id: 'Case' });

/**
 * One point of a list of corrections. `part`: what it opens for the institution (`plan`, `dates`, `roster`, `enrolment:<id>`, `material:<id>` …),
 * that of its check if absent. `why`: why a part was not told before, from the second round on. `mark` comes from the checklist of the page:
 * only points marked for correction are sent; `extra` counts when anything is filled in.
 */
const Item = z.object({
  field: line(1, 80),
  part: line(0, 80).optional(),
  text: freeText(500).default(''),
  why: freeText(500).optional(),
  mark: z.enum(['', 'pass', 'return', 'extra']).optional(),
});
/** What a reviewer finds about a point that the institution answered. */
const Judgement = z.object({
  item: z.uuid(),
  mark: z.enum(['', 'accepted', 'again']).default(''),
  text: freeText(500).optional(),
});
/** A point of the list is answered when it is ticked or words are given. */
export const ItemAnswers = z
  .array(
    z.object({
      no: z.coerce.number().int().min(1),
      done: z.union([z.boolean(), z.enum(['', '1'])]).optional(),
      text: freeText(1_000).default(''),
    }),
  )
  .max(200)
  .optional();

export const Decide = z
  .looseObject({
    outcome: z.string().min(1).max(40),
    reason: freeText(4_000).optional(),
    version: z.coerce.number().int().min(1).optional(),
    items: z.array(Item).max(200).optional(),
    judged: z.array(Judgement).max(200).optional(),
    answers: ItemAnswers,
    /** The page sends every point of its checklist, marked or not. */
    checklist: z.literal('1').optional(),
    confirmUnmarked: z.literal('1').optional().meta({
      description:
        'An approval sent by the form of the page (accept: text/html) is asked for this when points of its checklist are unmarked or materials unopened; programs are not asked',
    }),
    /** The list that the page was opened from, as a query string. */
    list: z.string().max(600).optional(),
    /** Number of the last line of the timeline that the page showed. */
    seen: z.coerce.number().int().min(0).optional(),
  })
  .meta({ id: 'Decide' });
export type Decide = z.output<typeof Decide>;

export const Decided = z
  .object({
    taskId: z.string(),
    outcome: z.string(),
    factNo: z.number().int(),
    decidedAt: z.string(),
    /** Whether the procedure has taken account of it (see `Prefer: wait`). */
    applied: z.boolean(),
    next: z.string().nullable(),
  })
  .meta({ id: 'Decided' });

export const Reveal = z.looseObject({ enrolmentId: z.uuid(), purpose: freeText(200, { min: 2 }) });

export const Reassign = z
  .object({
    to: z.uuid('supervision.notHolder'),
    reason: reasonField,
    back: z.string().max(300).optional(),
  })
  .meta({ id: 'Reassign' });
export const Escalate = z.object({ reason: reasonField, back: z.string().max(300).optional() }).meta({ id: 'Escalate' });
export const Urge = z.object({ back: z.string().max(300).optional() });
/** `priority` false takes the mark off, with or without a reason; a form sends «1» or «0». */
export const Prioritise = z
  .object({
    priority: z.union([z.boolean(), z.enum(['0', '1']).transform((value) => value === '1')]),
    reason: freeText(200).default(''),
  })
  .meta({ id: 'Prioritise' });
export const Label = z.object({ label: line(1, labelLength), list: z.string().max(600).optional() }).meta({ id: 'Label' });
export const Delegate = z
  .object({ to: z.uuid('task.notColleague'), question: freeText(2_000, { min: REASON_MIN_LENGTH, missing: 'task.questionMissing' }) })
  .meta({ id: 'Delegate' });
export const Opinion = z
  .object({ opinion: freeText(4_000, { min: REASON_MIN_LENGTH, missing: 'task.opinionMissing' }) })
  .meta({ id: 'Opinion' });
export const Suspend = z.object({ reason: reasonField }).meta({ id: 'Suspend' });
export const TakeBack = z.object({ reason: reasonField }).meta({ id: 'TakeBack' });
export const AddSigner = z
  .object({ to: z.uuid('signer.notPossible'), question: freeText(2_000, { min: REASON_MIN_LENGTH, missing: 'task.questionMissing' }) })
  .meta({ id: 'AddSigner' });
export const RecallSigner = z.object({ reason: reasonField }).meta({ id: 'RecallSigner' });
