/** What a decision carries besides its outcome and reason, by kind of task: only fields named here are kept with the fact. */
import { z } from 'zod';
import type { DecisionContent } from '../../db/protocol/decisions.ts';
import { inputError } from '../../workflows/domain/errors.ts';
import type { TaskKind } from '../../workflows/domain/task-kinds.ts';
import type { Decide } from './schemas.ts';

const inspection = z.object({
  method: z.enum(['video', 'visit', 'phone']).optional(),
  presentCount: z.coerce.number().int().min(0).max(1_000).optional(),
  remark: z.string().trim().max(2_000).optional(),
  companion: z.string().trim().max(60).optional(),
});

const nothing = z.object({});

const fields = {
  account_correction: nothing,
  attendance: nothing,
  bank_answer: nothing,
  batch_check: nothing,
  batch_make: nothing,
  batch_release: nothing,
  calendar_notice: nothing,
  change_review: nothing,
  claim: nothing,
  correction: nothing,
  funds: nothing,
  inspection,
  objection_review: nothing,
  publish: nothing,
  rectification: z.object({ answer: z.string().trim().max(4_000).optional() }),
  reinspection: inspection,
  results: nothing,
  review: nothing,
  wait: nothing,
} satisfies Record<TaskKind, z.ZodType<Record<string, unknown>>>;

/** The list of corrections that goes out with a return: points marked for correction with what is asked. Throws InputError where words are missing. */
function correctionItems(body: Decide): { field: string; text: string }[] {
  const marked = body.checklist !== undefined;
  const asked = (body.items ?? [])
    .map((item, at) => ({ ...item, at }))
    .filter((item) => item.mark === 'return' || (!marked && item.mark === undefined));
  for (const item of asked) if (item.text.length < 2) throw inputError(`items.${item.at}.text`, 'task.itemText');
  return asked.map(({ field, text }) => ({ field, text }));
}

/** Reason and payload of a decision as entered. An approval with points marked for correction contradicts itself. */
export function readDecision(kind: TaskKind, body: Decide): DecisionContent {
  const marked = (body.items ?? []).some((item) => item.mark === 'return');
  if (body.outcome === 'approve' && marked) throw inputError('outcome', 'task.marked');
  const items = body.outcome === 'return' ? correctionItems(body) : [];
  const read = fields[kind].safeParse(body);
  if (!read.success) throw inputError(String(read.error.issues[0]?.path[0] ?? ''), 'invalid');
  const own = Object.fromEntries(Object.entries(read.data).filter(([, value]) => value !== undefined));
  const listed = items.map((item) => item.text).join('；');
  return { reason: body.reason || listed || undefined, payload: { ...own, ...(items.length > 0 ? { items } : {}) } };
}
