/** What programs read on the tabs of a class that only tell: checks, money, papers, timeline. */
import { z } from 'zod';
import { DisclosureList } from '../disclosures/schemas.ts';

const count = z.number().int();
const fen = z.number().int();

export const ClassChecks = z
  .object({
    checks: z.array(
      z.object({
        seat: count,
        register: z.string(),
        result: z.enum(['yes', 'no', 'contradictory', 'none']),
        askedAt: z.string(),
        answeredAt: z.string().nullable(),
        settledBy: z.string().nullable(),
        settledReason: z.string().nullable(),
      }),
    ),
    /** In words, as on the page; what the office arranges among itself is told to institutions without reason. */
    reviews: z.array(z.object({ step: z.string(), outcome: z.string(), name: z.string(), at: z.string(), reason: z.string().nullable() })),
  })
  .meta({ id: 'ClassChecks' });

export const ClassMoney = z
  .object({
    packId: z.string(),
    trainees: z.array(
      z.object({
        seat: count,
        amountFen: fen.nullable(),
        standardFen: fen.optional(),
        percent: z.number().optional(),
        formula: z.string(),
        source: z.string(),
      }),
    ),
    application: z.object({ number: z.string(), status: z.string(), totalFen: fen, approvedFen: fen.nullable() }).nullable(),
    lines: z.array(
      z.object({
        seat: count,
        amountFen: fen,
        standardFen: fen,
        percent: z.number(),
        status: z.string(),
        reason: z.string().nullable(),
        paidAt: z.string().nullable(),
      }),
    ),
    /** Of the ledger. */
    entries: z.array(z.object({ kind: z.string(), reference: z.string(), at: z.string(), amountFen: fen })),
  })
  .meta({ id: 'ClassMoney' });

export const PaperLine = z.object({
  id: z.string(),
  kind: z.string(),
  number: z.string(),
  issuedAt: z.string(),
  signatory: z.string().nullable(),
});

export const ClassPapers = z
  .object({
    papers: z.array(PaperLine),
    disclosures: z.array(
      z.object({
        number: z.string(),
        list: DisclosureList,
        publishedAt: z.string(),
        dueDate: z.string().nullable(),
        status: z.string(),
      }),
    ),
  })
  .meta({ id: 'ClassPapers' });

/** `title` is in the language of the reader, `act` is the code. */
export const ClassTimeline = z
  .object({
    events: z.array(
      z.object({
        at: z.string(),
        act: z.string(),
        title: z.string(),
        name: z.string().nullable(),
        reason: z.string().nullable(),
      }),
    ),
    next: count.nullable(),
  })
  .meta({ id: 'ClassTimeline' });
