/** The special accounts (专户) that offices pay from: proposed by one payment officer, confirmed by another. Batches keep the account they were made with. */
import { withinPaths } from '../regions.ts';
import { ConflictError, inputError } from '../../workflows/domain/errors.ts';
import { maskAccount } from '../../workflows/domain/people/identity.ts';
import type { Fund } from '../../workflows/domain/policy/policy.ts';
import { isWithin } from '../../workflows/domain/scope.ts';
import { pathsOf } from '../accounts/accounts.ts';
import type { Db } from '../client.ts';
import { endOf, lockProposal, type Proposal, requireSecondPerson, settleProposal } from '../catalogue/proposals.ts';
import { type IdempotentRequest, onceOnly } from '../protocol/idempotency.ts';
import { auditOutside } from '../protocol/procedures.ts';
import type { Actor } from '../accounts/users.ts';
import { afterPlace, cutPage, type TimePage, type TimePlace } from '../queries/time-pages.ts';

export type NewPayingAccount = { region: string; fund: Fund; name: string; account: string; bankTemplate: string; reason: string };
type ProposalRow = Proposal & { fund: Fund; name: string; account: string; bank_template: string };

const TABLE = 'paying_account_proposals';

/** Throws InputError where it cannot be or changes nothing, ConflictError `payingAccount.waiting` where one of the same office and fund waits. */
export async function proposePayingAccount(
  db: Db,
  actor: Actor,
  wanted: NewPayingAccount,
  request?: IdempotentRequest,
): Promise<{ id: string }> {
  return onceOnly(db, request, async (trx) => {
    const { region, fund, name, account, bankTemplate } = wanted;
    const place = await trx('regions').where({ code: region }).first('path');
    if (!place || !pathsOf(actor, 'payment_officer').some((path) => isWithin(place.path, path)))
      throw inputError('region', 'region.outside');
    const same = await trx('paying_accounts').where({ region, fund, name, account, bank_template: bankTemplate }).first('region');
    if (same) throw inputError('account', 'payingAccount.same');
    const { rows } = await trx.raw<{ rows: { id: string }[] }>(
      `insert into paying_account_proposals (region, fund, name, account, bank_template, reason, proposed_by, proposed_at)
       values (:region, :fund, :name, :account, :bankTemplate, :reason, :by, business_now())
       on conflict (region, fund) where status = 'proposed' do nothing returning id`,
      { ...wanted, by: actor.userId },
    );
    const id = rows[0]?.id;
    if (!id) throw new ConflictError('payingAccount.waiting');
    await auditOutside(trx, actor.userId, {
      act: 'paying_account.propose',
      subject: `paying-account-${id}`,
      detail: { region, fund, account: maskAccount(account), bankTemplate },
    });
    return { id };
  });
}

/** The second person: it is in use for every batch made from now on. */
export async function confirmPayingAccount(db: Db, actor: Actor, id: string, request?: IdempotentRequest): Promise<{ status: string }> {
  return onceOnly(db, request, async (trx) => {
    const row = await lockProposal<ProposalRow>(trx, TABLE, { id, paths: pathsOf(actor, 'payment_officer') });
    requireSecondPerson(actor, row);
    const { region, fund, name, account, bank_template } = row;
    await settleProposal(trx, TABLE, actor, id, 'confirmed');
    await trx('paying_accounts')
      .insert({ region, fund, name, account, bank_template, proposal_id: id })
      .onConflict(['region', 'fund'])
      .merge();
    await auditOutside(trx, actor.userId, {
      act: 'paying_account.confirm',
      subject: `paying-account-${id}`,
      detail: { region, fund, account: maskAccount(account), bankTemplate: bank_template, proposedBy: row.proposed_by },
    });
    return { status: 'confirmed' };
  });
}

export async function refusePayingAccount(db: Db, actor: Actor, id: string, request?: IdempotentRequest): Promise<{ status: string }> {
  return onceOnly(db, request, async (trx) => {
    const row = await lockProposal<ProposalRow>(trx, TABLE, { id, paths: pathsOf(actor, 'payment_officer') });
    const status = endOf(actor, row);
    await settleProposal(trx, TABLE, actor, id, status);
    const act = status === 'refused' ? 'paying_account.refuse' : 'paying_account.withdraw';
    await auditOutside(trx, actor.userId, { act, subject: `paying-account-${id}` });
    return { status };
  });
}

export type PayingAccountLine = {
  id: string | null;
  region: string;
  regionZh: string;
  regionEn: string;
  fund: Fund;
  name: string;
  account: string;
  bankTemplate: string;
  reason: string | null;
  status: Proposal['status'];
  inUse: boolean;
  proposedBy: string | null;
  proposedById: string | null;
  proposedAt: Date | null;
  decidedBy: string | null;
  decidedAt: Date | null;
};

const within = withinPaths('r.path');

/** Within subtrees: all that waits and all that is in use, then a page of what was or was refused, the latest first; after a place these alone. Full numbers: the counter masks them. */
export async function listPayingAccounts(
  db: Db,
  paths: readonly string[],
  { after, size }: TimePage,
): Promise<{ accounts: PayingAccountLine[]; next: TimePlace | undefined }> {
  const list = async <Line extends PayingAccountLine>(where: string, order: string, place = ''): Promise<Line[]> => {
    const { rows } = await db.raw<{ rows: Line[] }>(
      `select x.id, x.region, x.fund, x.name, x.account, x."bankTemplate", x.reason, x.status, x."inUse", x."proposedById", x."proposedAt", x."decidedAt",
              r.name_zh as "regionZh", r.name_en as "regionEn", a.name as "proposedBy", d.name as "decidedBy"${place} from (
         select q.id, q.region, q.fund, q.name, q.account, q.bank_template as "bankTemplate", q.reason, q.status, p.region is not null as "inUse",
                q.proposed_by as "proposedById", q.proposed_at as "proposedAt", q.decided_by, q.decided_at as "decidedAt"
           from paying_account_proposals q left join paying_accounts p on p.proposal_id = q.id
         union all
         select null, region, fund, name, account, bank_template, null, 'confirmed', true, null, null, null, null from paying_accounts where proposal_id is null) x
         join regions r on r.code = x.region left join users a on a.id = x."proposedById" left join users d on d.id = x.decided_by
        where ${within} and ${where} order by ${order}`,
      { paths: [...paths], ...after, limit: size + 1 },
    );
    return rows;
  };
  const living = `(x.status = 'proposed' or x."inUse")`;
  const [now, former] = await Promise.all([
    after ? [] : list(living, `x.status = 'proposed' desc, r.path, x.fund`),
    list<PayingAccountLine & { id: string; place: string }>(
      `not ${living} and ${afterPlace({ at: 'x."proposedAt"', id: 'x.id' }, after)}`,
      'x."proposedAt" desc, x.id desc limit :limit',
      ', cast(x."proposedAt" as text) as place',
    ),
  ]);
  const { lines, next } = cutPage(former, size);
  return { accounts: [...now, ...lines], next };
}
