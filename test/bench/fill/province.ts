/** Data for measurements: the demonstration province, procedures that wait for a first review, and a backlog of open tasks. */
import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import { hashToken } from '../../../api/http/security.ts';
import { loadDemonstration } from '../../../db/demonstration/load.ts';
import { getPolicyPack } from '../../../db/catalogue/policy-packs.ts';
import { addSession } from '../../../db/accounts/sessions.ts';
import { termsOf } from '../../../workflows/domain/policy/policy.ts';

export const benchOffice = { region: '350104', path: '350000/350100/350104' };

export async function fillProvince(db: Knex): Promise<void> {
  await loadDemonstration(db, { passwordHash: 'no password', clockSpeed: 1 });
}

/** A session for an account, as a bearer token. */
export async function tokenFor(db: Knex, login: string): Promise<string> {
  const user = await db('users').where({ login }).first('id');
  const token = randomBytes(32).toString('base64url');
  await addSession(db, { idHash: hashToken(token), csrfToken: 'bench', userId: user.id, ip: '127.0.0.1', userAgent: 'bench' });
  return token;
}

/** `count` procedures of classes that stand at their first review, each with its open task. Returns the ids of the tasks. */
export async function fillReviews(db: Knex, prefix: string, count: number): Promise<string[]> {
  const terms = JSON.stringify(termsOf(await getPolicyPack(db, 'fujian-2022')));
  await db.raw(
    `insert into procedures (id, type, subject_id, region, region_path, subject_number, subject_title, institution_name, headcount, amount_fen, stage, step, flags, terms,
                             fact_no, applied_no, step_no, opened_at)
     select '${prefix}-' || n, 'trainingClass', 'none', ?, ?, '${prefix}-' || n, '养老护理员（四级）第 ' || n || ' 期', '仓山康宁职业培训学校', 30, 3000000,
            'pre_training', 'first_review', '{"reviewAt": 0, "startDate": "2026-05-11", "endDate": "2026-05-29"}', ?, 1, 1, 2, business_now()
       from generate_series(1, ?) n`,
    [benchOffice.region, benchOffice.path, terms, count],
  );
  await db.raw(
    `insert into facts (procedure_id, no, kind, at) select '${prefix}-' || n, 1, 'submitted', business_now() from generate_series(1, ?) n`,
    [count],
  );
  await db.raw(
    `insert into tasks (id, procedure_id, step, round, kind, role, office, office_path, outcomes, four_eyes, subject_number, subject_title, institution_name, headcount,
                        amount_fen, opened_at, from_date, working_days, due_date, due_at, calendar_version)
     select p.id || '/pre_training.first_review/1', p.id, 'pre_training.first_review', 1, 'review', 'first_reviewer', p.region, p.region_path,
            '{approve,return,propose_refusal}', array[p.id || '/pre_training'], p.subject_number, p.subject_title, p.institution_name, p.headcount, p.amount_fen,
            business_now(), business_today(), 5, business_today() + 7, business_now() + interval '7 days', 'bench'
       from procedures p where p.id like '${prefix}-%'`,
  );
  await db.raw('analyze tasks, procedures, facts');
  return Array.from({ length: count }, (_, at) => `${prefix}-${at + 1}/pre_training.first_review/1`);
}

/** An open backlog of `count` tasks over all counties and office roles; the bench office holds about one in a hundred. */
export async function fillBacklog(db: Knex, count: number): Promise<void> {
  await db.raw(
    `insert into procedures (id, type, subject_id, region, region_path, subject_number, subject_title, institution_name, terms, opened_at)
     select 'backlog-' || r.code, 'objection', 'none', r.code, r.path, 'backlog', 'backlog', 'backlog', '{}', business_now() from regions r where r.level = 'county'
     on conflict do nothing`,
  );
  const chunk = 100_000;
  for (let from = 1; from <= count; from += chunk) {
    await db.raw(
      `with counties as (select code, path, row_number() over (order by code) - 1 as at, count(*) over () as all_of_them from regions where level = 'county')
       insert into tasks (id, procedure_id, step, round, kind, role, office, office_path, outcomes, subject_number, subject_title, institution_name, headcount, amount_fen,
                          opened_at, from_date, working_days, due_date, due_at, calendar_version)
       select 'backlog-' || c.code || '/backlog.review/' || n, 'backlog-' || c.code, 'backlog.review', n, 'review',
              (array['first_reviewer','second_reviewer','approver','inspector','finance_officer'])[1 + n % 5], c.code, c.path, '{approve}',
              '350104-2026-' || lpad(n::text, 6, '0'), '电工（三级）第 ' || n || ' 期', '示范培训学校 ' || n % 300, 10 + n % 90, 1000000,
              business_now() - interval '10 days', business_today() - 10, 5, (business_today() + (n % 40 * 7919 % 40) - 12), business_now() + ((n % 40 * 7919 % 40) - 12) * interval '1 day', 'bench'
         from generate_series(${from}, ${Math.min(from + chunk - 1, count)}) n join counties c on c.at = (n / 5) % c.all_of_them`,
    );
  }
  // As it is on a system that has run for a while: a new row is dearer to read until it has been swept.
  await db.raw('vacuum (analyze) tasks');
}
