/** What the first page of an institution takes and answers. */
import { z } from 'zod';
import { emptyAsAbsent, searchWords } from '../http/fields.ts';
import { answerKinds } from '../../workflows/domain/training/answers.ts';
import { DueState } from '../tasks/schemas.ts';

const Cursor = z.string().max(400).optional();
/** Number of a class, or words of its title. */
const Words = searchWords(100);
/** `q` is of the list of classes alone. */
export const WorkplaceQuery = z.object({ q: Words, after: Cursor, size: z.coerce.number().int().min(1).max(100).default(10) });
export const AnswersQuery = z.object({
  kind: z.enum(answerKinds).optional().or(emptyAsAbsent),
  /** Number of a class or a claim, or words of the title of a class. */
  q: searchWords(100),
  after: Cursor,
  size: z.coerce.number().int().min(1).max(100).default(25),
});
export type AnswersQuery = z.output<typeof AnswersQuery>;

const Asked = z.object({
  kind: z.string(),
  /** Absent for a draft. */
  task: z.string().nullable(),
  title: z.string(),
  number: z.string(),
  step: z.string(),
  what: z.string(),
  href: z.string(),
  due: DueState,
});

export const OfficeAnswerLine = z
  .object({
    at: z.string(),
    kind: z.enum(answerKinds),
    /** Of a decision: how it was decided. */
    outcome: z.string(),
    step: z.string(),
    title: z.string(),
    /** Of the class, or of the claim that it is about. */
    number: z.string(),
    classNumber: z.string(),
    /** The reason, the words of a message, why the bank sent payments back. */
    reason: z.string().nullable(),
    name: z.string().nullable(),
    href: z.string(),
    paper: z.string().nullable(),
    people: z.number().int().nullable(),
    amountFen: z.number().int().nullable(),
  })
  .meta({ id: 'OfficeAnswer' });

const OwnClass = z.object({
  number: z.string(),
  title: z.string(),
  status: z.string(),
  stage: z.string(),
  headcount: z.number().int(),
  expectedFen: z.number().int().nullable(),
  application: z.string().nullable(),
  claimedFen: z.number().int().nullable(),
  approvedFen: z.number().int().nullable(),
  paidFen: z.number().int(),
  returnedLines: z.number().int(),
});

export const Workplace = z
  .object({
    asked: z.array(Asked),
    askedTotal: z.number().int(),
    year: z.object({ year: z.number().int(), claimedFen: z.number().int(), approvedFen: z.number().int(), paidFen: z.number().int() }),
    classes: z.array(OwnClass),
    next: z.string().nullable(),
    answers: z.array(OfficeAnswerLine),
  })
  .meta({ id: 'Workplace' });

export const Answers = z.object({ answers: z.array(OfficeAnswerLine), next: z.string().nullable() }).meta({ id: 'OfficeAnswers' });
