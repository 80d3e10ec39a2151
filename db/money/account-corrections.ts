/** Accounts that the institution enters anew: of lines that the bank returned (退票), or while the claim is back for correction. */
import type { Knex } from 'knex';
import { ConflictError, InputError, type Issue, NotFoundError } from '../../workflows/domain/errors.ts';
import { isCardNumber, normaliseNumber } from '../../workflows/domain/people/identity.ts';
import { type Db, inTransaction, type Trx } from '../client.ts';
import type { DecisionContext } from '../protocol/decision-rules.ts';
import { auditProcedure, lockProcedure, requireOpen } from '../protocol/procedures.ts';
import { sealedAccount } from '../roster/roster.ts';
import { getApplicationOf } from './subsidies.ts';
import type { Actor } from '../accounts/users.ts';
import type { Vault } from '../vault.ts';

export type NewAccount = { enrolmentId: string; account: string; bankName?: string | undefined };
export type AccountCorrection = { number: string; accounts: readonly NewAccount[] };

type CorrectableLine = { enrolment_id: string; account_index: Buffer; bank_name: string; returned: boolean; waits: boolean };

/** Lines whose account may be corrected; `waits`: returned, and its account is still the one that the bank returned. */
const correctable = `select l.enrolment_id, e.account_index, e.bank_name, l.status = 'failed' as returned,
         l.status = 'failed' and e.account_index = last.account_index and e.bank_name = last.bank_name as waits
    from payment_lines l join enrolments e on e.id = l.enrolment_id
    left join lateral (select a.account_index, a.bank_name from payment_attempts a where a.line_id = l.id order by a.number desc limit 1) last on true
   where l.application_id = :applicationId and (l.status = 'failed' or (cast(:all as boolean) and l.status <> 'excluded'))`;

/**
 * Saves new accounts, sealed. Nothing is written if one is wrong. Throws InputError at `accounts.<enrolment id>` (account.number,
 * account.same, account.line, required), NotFoundError for anybody else's application, ConflictError `account.notReturned`. Returns how many were saved.
 */
export async function correctAccounts(
  db: Knex,
  vault: Vault,
  actor: Actor,
  { number, accounts }: AccountCorrection,
): Promise<{ saved: number }> {
  return inTransaction(db, async (trx) => {
    const application = await trx('subsidy_applications').where({ number }).first('id', 'procedure_id');
    if (!application) throw new NotFoundError('application.unknown');
    const procedure = await lockProcedure(trx, application.procedure_id);
    if (!actor.institutionId || procedure.institution_id !== actor.institutionId) throw new NotFoundError('application.unknown');
    requireOpen(procedure);
    const rows = await findCorrectable(trx, application.id, procedure.id);
    if (rows.length === 0) throw new ConflictError('account.notReturned');
    const entered = accounts.map((account) => ({ ...account, account: normaliseNumber(account.account) }));
    const issues = accountIssues(vault, rows, entered);
    if (issues.length > 0) throw new InputError(issues);
    for (const { enrolmentId, account, bankName } of entered) {
      await trx('enrolments')
        .where({ id: enrolmentId })
        .update({ ...sealedAccount(vault, enrolmentId, account), ...(bankName ? { bank_name: bankName.trim() } : {}) });
    }
    await auditProcedure(trx, procedure, actor.userId, {
      act: 'account.correct',
      subject: procedure.id,
      detail: { enrolments: entered.map((account) => account.enrolmentId) },
    });
    return { saved: entered.length };
  });
}

/** Nothing while no task of the institution asks for accounts. */
async function findCorrectable(db: Db, applicationId: string, procedureId: string): Promise<CorrectableLine[]> {
  const task = await db('tasks')
    .where({ procedure_id: procedureId, status: 'open', role: 'institution' })
    .whereIn('kind', ['account_correction', 'correction'])
    .first('kind');
  if (!task) return [];
  const { rows } = await db.raw<{ rows: CorrectableLine[] }>(correctable, { applicationId, all: task.kind === 'correction' });
  return rows;
}

/** Lines whose account the institution may enter anew now; `waits`: the bank returned it and it is not another one yet. */
export async function listCorrectable(db: Db, procedureId: string): Promise<{ enrolmentId: string; returned: boolean; waits: boolean }[]> {
  const application = await getApplicationOf(db, procedureId);
  const rows = await findCorrectable(db, application.id, procedureId);
  return rows.map((row) => ({ enrolmentId: row.enrolment_id, returned: row.returned, waits: row.waits }));
}

function accountIssues(vault: Vault, lines: readonly CorrectableLine[], entered: readonly NewAccount[]): Issue[] {
  const known = new Map(lines.map((line) => [line.enrolment_id, line]));
  const given = new Set(entered.map((account) => account.enrolmentId));
  const missing = lines
    .filter((line) => line.waits && !given.has(line.enrolment_id))
    .map((line): Issue => ({ field: `accounts.${line.enrolment_id}`, code: 'required' }));
  const wrong = entered.flatMap(({ enrolmentId, account, bankName }): Issue[] => {
    const field = `accounts.${enrolmentId}`;
    const line = known.get(enrolmentId);
    if (!line) return [{ field, code: 'account.line' }];
    if (!isCardNumber(account)) return [{ field, code: 'account.number' }];
    const unchanged = vault.index('account', account).equals(line.account_index) && (!bankName || bankName.trim() === line.bank_name);
    return line.waits && unchanged ? [{ field, code: 'account.same' }] : [];
  });
  return [...wrong, ...missing];
}

async function countWaiting(trx: Trx, applicationId: string): Promise<number> {
  const { rows } = await trx.raw<{ rows: { waiting: number }[] }>(`select count(*) as waiting from (${correctable}) c where c.waits`, {
    applicationId,
    all: false,
  });
  return Number(rows[0]?.waiting ?? 0);
}

/** Decision rule: every returned line goes to another account by now. */
export async function requireNewAccounts({ trx, procedure }: DecisionContext): Promise<void> {
  const application = await getApplicationOf(trx, procedure.id);
  const count = await countWaiting(trx, application.id);
  if (count > 0) throw new ConflictError('account.unchanged', { count });
}

/** Returned lines with another account become payable again; one that came back meanwhile waits for its own correction. */
export async function retryFailedLines(trx: Trx, procedureId: string): Promise<void> {
  const application = await getApplicationOf(trx, procedureId);
  await trx.raw(
    `update payment_lines set status = 'approved', status_reason = null
      where application_id = :applicationId and status = 'failed' and enrolment_id in (select c.enrolment_id from (${correctable}) c where not c.waits)`,
    { applicationId: application.id, all: false },
  );
}
