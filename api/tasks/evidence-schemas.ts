/** What programs read of the evidence of a task: one schema for each kind of evidence, told apart by `kind`. Names are those of the page. */
import { z } from 'zod';
import { AttendanceSheet } from '../attendance/schemas.ts';
import { Change } from '../changes/schemas.ts';
import { ItemStatus } from '../corrections/schemas.ts';
import { DisclosureList, DisclosureSnapshot } from '../disclosures/schemas.ts';
import { Inspection } from '../inspections/schemas.ts';
import { Batch, BatchLine } from '../payments/schemas.ts';
import { Result } from '../results/schemas.ts';
import { SubsidyLine } from '../subsidies/schemas.ts';
import { CheckList } from '../verifications/schemas.ts';

const count = z.number().int();
const fen = z.number().int();
const half = z.enum(['morning', 'afternoon', 'evening']);

const Nothing = z
  .object({ kind: z.literal('none') })
  .meta({ id: 'NoEvidence', description: 'All there is to know stands in the task, or on the page on which it is worked on' });

const RosterLine = z.object({
  id: z.string(),
  seat: count,
  name: z.string(),
  idMasked: z.string(),
  phone: z.string().nullable(),
  account: z.string().nullable(),
  bank: z.string().nullable(),
  group: z.string(),
  groupCode: z.string(),
  status: z.string(),
  eligible: z.boolean(),
  /** False as long as no rule has looked at it. */
  judged: z.boolean(),
  failures: z.array(z.object({ rule: z.string(), text: z.string(), source: z.string() })),
  amountFen: fen.nullable(),
  formula: z.string(),
  standardFen: fen.optional(),
  percent: z.number().optional(),
  source: z.string(),
  unsourced: z.boolean(),
});

const MaterialSeen = z.object({
  id: z.string(),
  kind: z.string(),
  name: z.string(),
  href: z.string(),
  at: z.string(),
  by: z.string(),
  /** Whether the reader has opened it. */
  read: z.boolean(),
  removed: z.boolean(),
});

/** `checks` are the points of the checklist with what the machine found at each; `field` names the point in a decision. */
const PlanReview = z
  .object({
    kind: z.literal('plan_review'),
    class: z.object({
      number: z.string(),
      title: z.string(),
      plan: z.string(),
      start_date: z.string().nullable(),
      end_date: z.string().nullable(),
      pack_id: z.string(),
      institution: z.string(),
      institution_kind: z.string(),
      credit_grade: z.string().nullable(),
      licence_scope: z.array(z.string()),
      classes_this_year: count,
      assessor: z.string().nullable(),
      project: z.string(),
      occupation: z.string(),
      level: count.nullable(),
      kind: z.enum(['certificate', 'single_ability']),
      department: z.string(),
      fund: z.string(),
      hours_min: z.number(),
      venue: z.string().nullable(),
      venue_address: z.string().nullable(),
      capacity: count.nullable(),
      equipment: z.string().nullable(),
      sessions: z.array(
        z.object({
          day: z.string(),
          half,
          hours: z.number(),
          kind: z.enum(['theory', 'practice']),
          topic: z.string(),
          teacher: z.string(),
          venue: z.string(),
          /** Number of another class that has the teacher or the room at the same time. */
          teacher_clash: z.string().nullable(),
          venue_clash: z.string().nullable(),
        }),
      ),
    }),
    checks: z.array(
      z.object({
        field: z.string(),
        title: z.string(),
        sub: z.string(),
        badges: z.array(z.object({ tone: z.enum(['', 'red', 'amber', 'green', 'blue']), label: z.string() })),
        found: z.string(),
        source: z.string(),
        /** The mark that stands from an earlier round. */
        mark: z.enum(['', 'pass']),
      }),
    ),
    teachers: z.array(
      z.object({
        name: z.string(),
        qualification: z.string(),
        occupations: z.array(z.string()),
        hours: z.number(),
        clashes: count,
        /** Teaches none of the occupations of the class. */
        outside: z.boolean(),
      }),
    ),
    roster: z.array(RosterLine),
    materials: z.array(MaterialSeen),
    formerMaterials: z.array(MaterialSeen),
    eligible: count,
    totalFen: fen,
    unsourced: z.boolean(),
    sources: z.array(z.string()),
  })
  .meta({ id: 'PlanReviewEvidence' });

const Score = z.object({
  id: z.string(),
  seat: count,
  name: z.string(),
  id_masked: z.string(),
  status: z.string(),
  status_reason: z.string().nullable(),
  attendance_short: z.boolean().nullable(),
  attended_percent: z.number().nullable(),
  ...Result.pick({
    theoryScore: true,
    practiceScore: true,
    passed: true,
    certificateNumber: true,
    certificateDate: true,
    check: true,
    filed: true,
  }).shape,
  state: z.string(),
});
const scores = { number: z.string(), results: z.array(Score), passed: count, failed: count, short: count, missing: count };

const Results = z.object({ kind: z.literal('results'), ...scores }).meta({ id: 'ResultsEvidence' });

/** `lines` are the answers of the registers that are no plain yes. */
const Filing = z
  .object({
    kind: z.literal('filing'),
    ...scores,
    outstanding: count,
    rows: CheckList.shape.sums,
    lines: CheckList.shape.lines,
  })
  .meta({ id: 'FilingEvidence' });

const Claim = z
  .object({
    kind: z.literal('claim'),
    number: z.string(),
    classNumber: z.string(),
    packId: z.string(),
    fund: z.string(),
    year: count,
    totalFen: fen,
    approvedFen: fen.nullable(),
    /** Of the lines that are not excluded. */
    countedFen: fen,
    people: count,
    excluded: count,
    held: count,
    unsourced: z.boolean(),
    lines: z.array(SubsidyLine),
    /** What the budget has left, until the money is committed. */
    availableFen: fen.optional(),
    /** Where the funds are confirmed: what the budget of the region has left without the claim, and with it. */
    budget: z.object({ region: z.string(), regionName: z.string(), beforeFen: fen, afterFen: fen }).optional(),
    /** Whether the budget does not suffice. */
    short: z.boolean(),
    /** What a batch made now would pay, where one is to be made. */
    payable: z.object({ count, totalFen: fen }).optional(),
    batches: z.array(z.object({ number: z.string(), status: z.string(), line_count: count, total_fen: fen, made_at: z.string() })),
  })
  .meta({ id: 'ClaimEvidence' });

const PaymentBatch = z
  .object({
    kind: z.literal('batch'),
    batch: Batch,
    payer: z.object({ name: z.string(), account: z.string() }),
    applications: z.array(z.string()),
    lines: z.array(BatchLine),
    totalFen: fen,
    /** Whether a person of the batch is held by an objection. */
    blocked: z.boolean(),
  })
  .meta({ id: 'BatchEvidence' });

const Attendance = AttendanceSheet.omit({ taskId: true })
  .extend({ kind: z.literal('attendance'), short: count })
  .meta({ id: 'AttendanceEvidence' });

const ChangeAsked = z.object({ kind: z.literal('change'), change: Change }).meta({ id: 'ChangeEvidence' });

const Inspections = z
  .object({
    kind: z.literal('inspection'),
    number: z.string(),
    inspections: z.array(Inspection),
    headcount: count,
    /** Whether this task asks for a new inspection. */
    required: z.boolean().optional(),
  })
  .meta({ id: 'InspectionEvidence' });

/** What the institution is asked to correct. `listed`: with a list whose points are answered one by one. */
const Correction = z
  .object({
    kind: z.literal('correction'),
    taskId: z.string(),
    step: z.string(),
    reason: z.string(),
    name: z.string(),
    at: z.string(),
    paper: z.string().nullable(),
    paper_id: z.string().nullable(),
    listed: z.boolean(),
    items: z.array(
      z.object({
        label: z.string(),
        text: z.string(),
        id: z.string().optional(),
        no: count.optional(),
        part: z.string().optional(),
        why: z.string().optional(),
        status: ItemStatus.optional(),
        answer: z.string().optional(),
        answeredBy: z.string().nullable().optional(),
        answeredAt: z.string().nullable().optional(),
        href: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'CorrectionEvidence' });

const Objection = z
  .object({
    kind: z.literal('objection'),
    number: z.string(),
    grounds: z.string(),
    raised_at: z.string(),
    has_contact: z.boolean(),
    list: DisclosureList,
    disclosure: z.string(),
    published_at: z.string(),
    due_date: z.string(),
    class_number: z.string(),
    /** Of the person whom it names; null where it names nobody. */
    seat: count.nullable(),
    person: z.string().nullable(),
    id_masked: z.string().nullable(),
    group_code: z.string().nullable(),
    amount_fen: fen.nullable(),
  })
  .meta({ id: 'ObjectionEvidence' });

const Order = z
  .object({
    kind: z.literal('order'),
    id: z.string(),
    status: z.string(),
    outcome: z.string().nullable(),
    paper: z.string().nullable(),
    issuedAt: z.string().nullable(),
    signatory: z.string().nullable(),
    answerBy: z.string().nullable(),
    reason: z.string().nullable(),
    answer: z.string().nullable(),
    answeredAt: z.string().nullable(),
    answeredBy: z.string().nullable(),
    /** The late tasks that it is about. */
    late: z.array(
      z.object({
        id: z.string(),
        step: z.string(),
        role: z.string(),
        status: z.string(),
        number: z.string(),
        due_at: z.string().nullable(),
        due_date: z.string().nullable(),
        holder: z.string().nullable(),
        label: z.string(),
      }),
    ),
  })
  .meta({ id: 'OrderEvidence' });

const Preview = z
  .object({
    kind: z.literal('preview'),
    list: DisclosureList,
    listLabel: z.string(),
    /** Whether the case waits for its end (公示). */
    blocks: z.boolean(),
    workingDays: count,
    snapshot: DisclosureSnapshot,
    digest: z.string(),
  })
  .meta({ id: 'PreviewEvidence' });

export const EvidenceAnswer = z
  .discriminatedUnion('kind', [
    PlanReview,
    Filing,
    Results,
    Claim,
    PaymentBatch,
    Attendance,
    ChangeAsked,
    Inspections,
    Correction,
    Objection,
    Order,
    Preview,
    Nothing,
  ])
  .meta({ id: 'Evidence' });
export type EvidenceKind = z.output<typeof EvidenceAnswer>['kind'];
