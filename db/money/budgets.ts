/** Budgets by fund, year and region (N3): entered by one finance officer with the document they rest on, confirmed by another, then posted to the ledger. */
import { ConflictError, inputError } from '../../workflows/domain/errors.ts';
import { formatYuan } from '../../workflows/domain/money/money.ts';
import type { Fund } from '../../workflows/domain/policy/policy.ts';
import { isWithin } from '../../workflows/domain/scope.ts';
import { pathsOf } from '../accounts/accounts.ts';
import type { Db } from '../client.ts';
import { endOf, lockProposal, requireSecondPerson, settleProposal } from '../catalogue/proposals.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { auditOutside } from '../protocol/procedures.ts';
import { withinPaths } from '../regions.ts';
import { afterPlace, cutPage, type TimePage, type TimePlace } from '../queries/time-pages.ts';
import type { Actor } from '../accounts/users.ts';
import { availableFor, reduceBudget, setBudget } from './ledger.ts';

export type BudgetDirection = 'increase' | 'reduction';
export type NewBudget = {
  fund: Fund;
  year: number;
  region: string;
  direction: BudgetDirection;
  amountFen: number;
  /** Number of the document (文号). */
  document: string;
  reason: string;
};
type BudgetRow = {
  id: string;
  fund: Fund;
  year: number;
  region: string;
  direction: BudgetDirection;
  amount_fen: number;
  document: string;
  status: 'proposed' | 'confirmed' | 'refused' | 'withdrawn';
  proposed_by: string;
};

/** Throws InputError at the field that cannot be, ConflictError `budget.document` where the same document was entered before. */
export async function proposeBudget(db: Db, actor: Actor, budget: NewBudget, request?: IdempotentRequest): Promise<{ id: string }> {
  return onceOnly(db, request, async (trx) => {
    const region = await trx('regions').where({ code: budget.region }).first('path');
    if (!region || !pathsOf(actor, 'finance_officer').some((path) => isWithin(region.path, path)))
      throw inputError('region', 'region.outside');
    if (budget.direction === 'reduction') {
      const availableFen = await availableFor(trx, budget);
      if (budget.amountFen > availableFen) throw inputError('amount', 'budget.aboveAvailable', { available: formatYuan(availableFen) });
    }
    const { rows } = await trx.raw<{ rows: { id: string }[] }>(
      `insert into budget_entries (fund, year, region, direction, amount_fen, document, reason, proposed_by, proposed_at)
       values (:fund, :year, :region, :direction, :amountFen, :document, :reason, :by, business_now())
       on conflict (fund, year, region, direction, document) where status in ('proposed', 'confirmed') do nothing returning id`,
      { ...budget, by: actor.userId },
    );
    const id = rows[0]?.id;
    if (!id) throw new ConflictError('budget.document', { document: budget.document });
    await auditOutside(trx, actor.userId, { act: 'budget.propose', subject: `budget-${id}`, detail: budget });
    return { id };
  });
}

/** The second person: the entry is in the ledger. Throws ConflictError `budget.committed` where a reduction meets what is committed. */
export async function confirmBudget(db: Db, actor: Actor, id: string, request?: IdempotentRequest): Promise<{ availableFen: number }> {
  return onceOnly(db, request, async (trx) => {
    const row = await lockProposal<BudgetRow>(trx, 'budget_entries', { id, paths: pathsOf(actor, 'finance_officer') });
    requireSecondPerson(actor, row);
    const { fund, year, region } = row;
    const event = { fund, year, region, amountFen: row.amount_fen, reference: row.id, actor: actor.userId };
    await (row.direction === 'increase' ? setBudget(trx, event) : reduceBudget(trx, event));
    await settleProposal(trx, 'budget_entries', actor, id, 'confirmed');
    await auditOutside(trx, actor.userId, {
      act: 'budget.confirm',
      subject: `budget-${id}`,
      detail: {
        fund,
        year,
        region,
        direction: row.direction,
        amountFen: row.amount_fen,
        document: row.document,
        proposedBy: row.proposed_by,
      },
    });
    return { availableFen: await availableFor(trx, row) };
  });
}

export async function refuseBudget(db: Db, actor: Actor, id: string, request?: IdempotentRequest): Promise<{ status: string }> {
  return onceOnly(db, request, async (trx) => {
    const row = await lockProposal<BudgetRow>(trx, 'budget_entries', { id, paths: pathsOf(actor, 'finance_officer') });
    const status = endOf(actor, row);
    await settleProposal(trx, 'budget_entries', actor, id, status);
    const act = status === 'refused' ? 'budget.refuse' : 'budget.withdraw';
    await auditOutside(trx, actor.userId, { act, subject: `budget-${id}`, detail: { document: row.document } });
    return { status };
  });
}

export type BudgetLine = {
  id: string;
  fund: Fund;
  year: number;
  region: string;
  regionZh: string;
  regionEn: string;
  direction: BudgetDirection;
  amountFen: number;
  document: string;
  reason: string;
  status: BudgetRow['status'];
  proposedBy: string;
  proposedById: string;
  proposedAt: Date;
  decidedBy: string | null;
  decidedAt: Date | null;
};

/** Within subtrees: all that waits for a second person, then a page of the rest, the newest first; after a place the rest alone. */
export async function listBudgets(
  db: Db,
  paths: readonly string[],
  { after, size }: TimePage,
): Promise<{ budgets: BudgetLine[]; next: TimePlace | undefined }> {
  const { rows } = await db.raw<{ rows: (BudgetLine & { place: string })[] }>(
    `select b.id, b.fund, b.year, b.region, r.name_zh as "regionZh", r.name_en as "regionEn", b.direction, b.amount_fen as "amountFen", b.document, b.reason,
            b.status, p.name as "proposedBy", p.id as "proposedById", b.proposed_at as "proposedAt", d.name as "decidedBy", b.decided_at as "decidedAt",
            cast(b.proposed_at as text) as place
       from budget_entries b join regions r on r.code = b.region join users p on p.id = b.proposed_by left join users d on d.id = b.decided_by
      where ${withinPaths('r.path')} and ${after ? `b.status <> 'proposed' and ${afterPlace({ at: 'b.proposed_at', id: 'b.id' }, after)}` : 'true'}
      order by b.status = 'proposed' desc, b.proposed_at desc, b.id desc
      limit :limit + ${after ? '0' : `(select cast(count(*) as int) from budget_entries where status = 'proposed')`}`,
    { paths: [...paths], ...after, limit: size + 1 },
  );
  const waiting = rows.filter(({ status }) => status === 'proposed');
  const { lines, next } = cutPage(
    rows.filter(({ status }) => status !== 'proposed'),
    size,
  );
  return { budgets: [...waiting, ...lines], next };
}
