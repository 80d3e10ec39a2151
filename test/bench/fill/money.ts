/** Applications, payment batches and the ledger of the classes in `bench_classes` that were claimed or paid. */
import type { Trx } from '../../../db/client.ts';

/** A batch pays the applications of so many classes that follow one another. */
const A_BATCH = 4;

export async function fillMoney(trx: Trx, terms: string): Promise<void> {
  await trx.raw(
    `insert into procedures (id, type, parent_id, subject_id, class_id, region, region_path, institution_id, subject_number, subject_title, institution_name, headcount, amount_fen, stage, step, status,
                             outcome, fact_no, applied_no, step_no, audit_no, terms, opened_at, closed_at)
     select 'application-' || number, 'subsidyApplication', 'class-' || number, id::text, id, region, path, institution_id, 'BT' || substr(number, 3), title, institution, 3, 210000, 'subsidy', 'x',
            case status when 'paid' then 'closed' else 'open' end, case status when 'paid' then 'paid' end, case status when 'paid' then 5 else 1 + n / 20 % 3 end, case status when 'paid' then 5 else 1 + n / 20 % 3 end,
            1, case status when 'paid' then 5 else 1 + n / 20 % 3 end, ?, created_at + interval '50 days', case status when 'paid' then created_at + interval '90 days' end
       from bench_classes where status in ('paid', 'claimed')`,
    [terms],
  );
  await trx.raw(
    `insert into subsidy_applications (number, class_id, procedure_id, region, fund, year, total_fen, approved_fen, status, submitted_at)
     select 'BT' || substr(number, 3), id, 'application-' || number, region, 'employment_subsidy', extract(year from created_at + interval '50 days'), 210000, case status when 'paid' then 210000 end,
            case status when 'paid' then 'paid' else 'in_review' end, created_at + interval '50 days' from bench_classes where status in ('paid', 'claimed')`,
  );
  await trx.raw(
    `insert into payment_lines (application_id, class_id, person_id, enrolment_id, standard_fen, percent, amount_fen, trace, status, committed, paid_at)
     select a.id, e.class_id, e.person_id, e.id, 70000, 100, 70000, e.amount_trace, case a.status when 'paid' then 'paid' else 'claimed' end, a.status = 'paid', case a.status when 'paid' then a.submitted_at + interval '30 days' end
       from subsidy_applications a join enrolments e on e.class_id = a.class_id join bench_classes c on c.id = a.class_id`,
  );
  await fillBatches(trx);
  await fillLedger(trx);
}

async function fillBatches(trx: Trx): Promise<void> {
  await trx.raw(
    `create temporary table bench_batches on commit drop as
     select gen_random_uuid() as id, region, min(path) as path, batch, count(*) as size, max(created_at) + interval '70 days' as made_at, extract(year from max(created_at) + interval '50 days') as year, array_agg(id) as classes
       from (select *, (row_number() over (partition by region order by n)) / ${A_BATCH} as batch from bench_classes where status = 'paid') c group by region, batch`,
  );
  await trx.raw(
    `insert into procedures (id, type, subject_id, region, region_path, subject_number, subject_title, institution_name, headcount, amount_fen, stage, step, status, outcome, terms, opened_at, closed_at)
     select 'payment-' || 'ZF' || region || '-2025-' || lpad(batch::text, 5, '0'), 'subsidyPayment', id::text, region, path, 'ZF' || region || '-2025-' || lpad(batch::text, 5, '0'), '拨付批次', '', size * 3, size * 210000, 'payment', 'x', 'closed', 'answered', '{}', made_at, made_at + interval '9 days'
       from bench_batches`,
  );
  await trx.raw(
    `insert into payment_batches (id, number, procedure_id, region, fund, year, line_count, total_fen, payer_name, payer_account, bank_template, status, made_by, made_at, checked_by, checked_at, released_by, released_at, answered_at)
     select b.id, 'ZF' || region || '-2025-' || lpad(batch::text, 5, '0'), 'payment-' || 'ZF' || region || '-2025-' || lpad(batch::text, 5, '0'), region, 'employment_subsidy', year, size * 3, size * 210000, '专户', '1', 'abc', 'answered', u.ids[1], made_at, u.ids[2], made_at, u.ids[3], made_at,
            made_at + interval '3 days'
       from bench_batches b, (select array_agg(id) as ids from (select id from users where login like 'cs-pay-%' order by login) x) u`,
  );
  await trx.raw(
    `insert into payment_attempts (line_id, number, batch_id, reference, serial, account_masked, account_index, bank_name, status, answered_at)
     select l.id, 1, b.id, 'R' || l.id, row_number() over (partition by b.id), '6228****0000', '\\x00', '中国农业银行', 'paid', b.made_at + interval '3 days'
       from bench_batches b join payment_lines l on l.class_id = any(b.classes)`,
  );
}

/** A budget for each county and year, and a commitment and a payment for each application. */
async function fillLedger(trx: Trx): Promise<void> {
  await trx.raw(
    `insert into ledger_accounts (fund, year, region, kind) select 'employment_subsidy', y, r.code, k from regions r, generate_series(2022, 2026) y, unnest(array['budget','available','committed','paid','in_transit']) k
      where r.level = 'county' on conflict do nothing`,
  );
  const post = async (kind: string, debit: string, credit: string): Promise<void> => {
    await trx.raw(
      `with entries as (insert into ledger_entries (kind, fund, year, region, reference, class_id, at)
         select '${kind}', a.fund, a.year, a.region, 'bench-' || a.number, a.class_id, a.submitted_at from subsidy_applications a join bench_classes c on c.id = a.class_id where a.status = 'paid' returning id, class_id)
       insert into ledger_postings (entry_id, account_id, side, amount_fen)
       select e.id, l.id, s.side, 210000 from entries e join subsidy_applications a on a.class_id = e.class_id cross join (values ('debit', '${debit}'), ('credit', '${credit}')) s (side, kind)
         join ledger_accounts l on l.fund = a.fund and l.year = a.year and l.region = a.region and l.kind = s.kind`,
    );
  };
  await post('commitment', 'committed', 'available');
  await post('payment', 'paid', 'committed');
  await trx.raw(
    `with entries as (insert into ledger_entries (kind, fund, year, region, reference, at) select 'budget', fund, year, region, 'bench-' || region || '-' || year, business_now() from ledger_accounts where kind = 'budget' returning id, reference)
     insert into ledger_postings (entry_id, account_id, side, amount_fen)
     select e.id, l.id, case l.kind when 'budget' then 'credit' else 'debit' end, 100000000000 from entries e join ledger_accounts l on e.reference = 'bench-' || l.region || '-' || l.year and l.kind in ('budget', 'available')`,
  );
  await trx.raw(
    `update ledger_accounts a set balance_fen = s.balance from (select account_id, sum(case when (k.kind = 'budget') = (p.side = 'credit') then p.amount_fen else -p.amount_fen end) as balance
       from ledger_postings p join ledger_accounts k on k.id = p.account_id group by 1) s where s.account_id = a.id`,
  );
}
