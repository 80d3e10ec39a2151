/** Loads the demonstration province: Fujian with the pack fujian-2022. Loading it again changes nothing. */
import type { Knex } from 'knex';
import fujianPack from '../policy-packs/fujian-2022.json' with { type: 'json' };
import fujian from '../regions/fujian.json' with { type: 'json' };
import { shanghaiDate } from '../../workflows/domain/calendar/calendar.ts';
import { setClock } from '../calendar/clock.ts';
import { inTransaction, type Trx } from '../client.ts';
import { sealContactPhone } from '../institutions.ts';
import { setBudget } from '../money/ledger.ts';
import { savePayingAccount } from '../money/payments.ts';
import { savePolicyPack } from '../catalogue/policy-packs.ts';
import { saveRegions } from '../regions.ts';
import type { Vault } from '../vault.ts';
import { demonstrationAccounts } from './accounts.ts';
import {
  demonstrationBudgets,
  demonstrationFund,
  demonstrationInstitutions,
  demonstrationPayers,
  demonstrationProjects,
} from './registers.ts';

/** The morning on which the demonstration begins unless another day is given: a Monday. */
export const demonstrationBegin = new Date('2026-03-02T09:00:00+08:00');

/** `begin`: where the business clock begins; the budgets are those of its year. */
export type DemonstrationOptions = {
  passwordHash: string;
  clockSpeed: number;
  begin?: Date | undefined;
  /** Seals the telephone numbers of contact persons; without it there are none. */
  vault?: Vault | undefined;
};

/** Returns false when it was there already. */
export async function loadDemonstration(db: Knex, options: DemonstrationOptions): Promise<boolean> {
  const { passwordHash, clockSpeed, begin = demonstrationBegin, vault } = options;
  const year = Number(shanghaiDate(begin).slice(0, 4));
  return inTransaction(db, async (trx) => {
    await trx.raw('select pg_advisory_xact_lock(72102)');
    const known = await trx('users').where({ demo: true }).first('id');
    if (known) return false;
    await saveRegions(trx, fujian);
    await savePolicyPack(trx, fujianPack);
    await setClock(trx, { at: begin, speed: clockSpeed });
    await saveInstitutions(trx, vault);
    await saveProjects(trx, year);
    await saveAccounts(trx, passwordHash);
    for (const { region, amountFen } of demonstrationBudgets) await setBudget(trx, { fund: demonstrationFund, year, region, amountFen });
    for (const payer of demonstrationPayers) await savePayingAccount(trx, { ...payer, fund: demonstrationFund });
    return true;
  });
}

async function saveInstitutions(trx: Trx, vault: Vault | undefined): Promise<void> {
  for (const [at, institution] of demonstrationInstitutions.entries()) {
    const [row] = await trx('institutions')
      .insert({
        credit_code: institution.creditCode,
        name: institution.name,
        kind: institution.kind,
        region: institution.region,
        licence_scope: institution.occupations,
        credit_grade: institution.grade,
      })
      .returning('id');
    if (vault)
      await trx('institutions')
        .where({ id: row.id })
        .update(sealContactPhone(vault, row.id, contactPhoneOf(at)));
    for (const teacher of institution.teachers) await trx('teachers').insert({ ...teacher, institution_id: row.id });
    for (const venue of institution.venues) await trx('venues').insert({ ...venue, institution_id: row.id });
  }
}

/** Made up, with the end that the simulated gateway takes; the last institution's is one that it refuses. */
function contactPhoneOf(at: number): string {
  return at === demonstrationInstitutions.length - 1 ? '13850000002' : `1385000${String(1101 + at * 7).padStart(4, '0')}`;
}

async function saveProjects(trx: Trx, year: number): Promise<void> {
  for (const project of demonstrationProjects) {
    await trx('catalogue_projects').insert({
      code: project.code,
      name: project.name,
      occupation: project.occupation,
      level: project.level,
      kind: project.kind,
      fund: demonstrationFund,
      department: '人力资源和社会保障局',
      responsible: '职业能力建设科',
      region: '350000',
      hours_min: project.hoursMin,
      valid_from: `${year}-01-01`,
    });
  }
}

async function saveAccounts(trx: Trx, passwordHash: string): Promise<void> {
  for (const account of demonstrationAccounts(demonstrationInstitutions)) {
    const creditCode = demonstrationInstitutions.find((institution) => institution.key === account.institution)?.creditCode;
    const institution = creditCode ? await trx('institutions').where({ credit_code: creditCode }).first('id') : undefined;
    const [user] = await trx('users')
      .insert({
        login: account.login,
        name: account.name,
        password_hash: passwordHash,
        institution_id: institution?.id ?? null,
        region: account.region,
        email: `${account.login}@demo.invalid`,
        demo: true,
      })
      .returning('id');
    await trx('grants').insert({ user_id: user.id, role: account.role, region: account.region });
  }
}
