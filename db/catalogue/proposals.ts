/** What one officer proposes and another one confirms: budgets, paying accounts, policy packs. The tables refuse the same person again. */
import { ConflictError, NotAllowedError, NotFoundError } from '../../workflows/domain/errors.ts';
import { isWithin } from '../../workflows/domain/scope.ts';
import type { Trx } from '../client.ts';
import type { Actor } from '../accounts/users.ts';

type ProposalStatus = 'proposed' | 'confirmed' | 'refused' | 'withdrawn';
export type Proposal = { id: string; region: string; status: ProposalStatus; proposed_by: string };
type ProposalTable = 'budget_entries' | 'pack_uploads' | 'paying_account_proposals';

/**
 * The proposal under lock, if it lies within these regions and waits. Throws NotFoundError `proposal.unknown`, ConflictError
 * `proposal.confirmed` (or `refused`, `withdrawn`) naming who decided and when.
 */
export async function lockProposal<R extends Proposal>(
  trx: Trx,
  table: ProposalTable,
  { id, paths }: { id: string; paths: readonly string[] },
): Promise<R> {
  const { rows } = await trx.raw<{ rows: (R & { path: string; decider: string | null; decided_at: Date | null })[] }>(
    `select p.*, r.path, d.name as decider from ?? p join regions r on r.code = p.region left join users d on d.id = p.decided_by
      where p.id = ? for update of p`,
    [table, id],
  );
  const row = rows[0];
  if (!row || !paths.some((path) => isWithin(row.path, path))) throw new NotFoundError('proposal.unknown');
  if (row.status !== 'proposed')
    throw new ConflictError(`proposal.${row.status}`, { name: row.decider ?? '—', at: row.decided_at?.toISOString() ?? '' });
  return row;
}

/** Nobody confirms what oneself proposed. */
export function requireSecondPerson(actor: Actor, proposal: { proposed_by: string }): void {
  if (proposal.proposed_by === actor.userId) throw new NotAllowedError('proposal.own');
}

export async function settleProposal(trx: Trx, table: ProposalTable, actor: Actor, id: string, status: ProposalStatus): Promise<void> {
  await trx(table)
    .where({ id })
    .update({ status, decided_by: actor.userId, decided_at: trx.raw('business_now()') });
}

/** Refused by another one, or taken back by who proposed it. */
export function endOf(actor: Actor, proposal: { proposed_by: string }): 'refused' | 'withdrawn' {
  return proposal.proposed_by === actor.userId ? 'withdrawn' : 'refused';
}
