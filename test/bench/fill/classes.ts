/**
 * A province with years behind it: institutions over all counties, their classes with rosters, tasks, facts, public lists, applications and payments.
 * Written past triggers and foreign keys, set by set; what a page does not read in lists (sealed numbers, evidence) is a placeholder.
 */
import knexModule from 'knex';
import { getPolicyPack } from '../../../db/catalogue/policy-packs.ts';
import { inTransaction, type Trx } from '../../../db/client.ts';
import { termsOf } from '../../../workflows/domain/policy/policy.ts';
import { fillMoney } from './money.ts';
import { withoutIndexes } from '../set-aside.ts';

/** How many of the twenty classes of a score stand where, and how many of their steps are behind them. */
const standing = `case n % 20 when 12 then 'claimed' when 13 then 'filed' when 14 then 'filing' when 15 then 'in_training' when 16 then 'in_training' when 17 then 'in_review'
  when 18 then case when n % 40 = 18 then 'draft' else 'correction' end when 19 then 'withdrawn' else 'paid' end`;
const behind = `case status when 'filing' then 8 when 'in_training' then 4 when 'in_review' then n / 20 % 3 when 'correction' then 1 when 'withdrawn' then 1 when 'draft' then 0 else 10 end`;

/** The tasks of a class in their order; the ones of its application follow after the tenth. */
const steps = `(values (1, 'pre_training.first_review', 'review', 'first_reviewer'), (2, 'pre_training.second_review', 'review', 'second_reviewer'),
  (3, 'pre_training.approval', 'review', 'approver'), (4, 'plan.publish', 'publish', 'institution'), (5, 'training.attendance', 'attendance', 'institution'),
  (6, 'training.inspection', 'inspection', 'inspector'), (7, 'conduct.publish', 'publish', 'institution'), (8, 'results.enter', 'results', 'assessor'),
  (9, 'filing.first_review', 'review', 'first_reviewer'), (10, 'result.publish', 'publish', 'institution'), (11, 'claim.claim', 'claim', 'institution')) s (no, step, kind, role)`;
const subsidySteps = `(values (1, 'subsidy.first_review', 'review', 'first_reviewer'), (2, 'subsidy.second_review', 'review', 'second_reviewer'),
  (3, 'approval.approval', 'review', 'approver'), (4, 'funds.funds', 'funds', 'finance_officer')) s (no, step, kind, role)`;

/** Tables to which the fill adds a row for each class or more. */
const large = [
  'classes',
  'class_sessions',
  'people',
  'enrolments',
  'results',
  'filed_enrolments',
  'procedures',
  'facts',
  'tasks',
  'audit_log',
  'disclosures',
  'subsidy_applications',
  'payment_lines',
  'payment_attempts',
  'ledger_entries',
  'ledger_postings',
  'papers',
  'mails',
];

/** `classes` of them. Returns what was filled, by table. */
export async function fillClasses(url: string, classes: number): Promise<Record<string, number>> {
  // The pool of the product gives up a statement after half a minute.
  const db = knexModule({ client: 'pg', connection: url, pool: { min: 0, max: 1 } });
  const terms = JSON.stringify(termsOf(await getPolicyPack(db, 'fujian-2022')));
  await inTransaction(db, async (trx) => {
    await trx.raw(`set local session_replication_role = replica`);
    await trx.raw(`set local statement_timeout = 0`);
    await trx.raw(`set local work_mem = '128MB'`);
    await trx.raw(`set local synchronous_commit = off`);
    await fillRegister(trx, Math.max(168, Math.round(classes / 100)));
    await withoutIndexes(trx, large, async () => {
      await fillPlans(trx, classes);
      await fillRosters(trx, classes);
      await fillProcedures(trx, terms);
      await fillMoney(trx, terms);
      await fillTasks(trx);
      await fillTraces(trx);
    });
  });
  await db.raw('vacuum (analyze)');
  const filled: Record<string, number> = {};
  for (const table of [
    'institutions',
    'users',
    'classes',
    'people',
    'enrolments',
    'procedures',
    'tasks',
    'facts',
    'audit_log',
    'disclosures',
    'payment_lines',
    'mails',
  ])
    filled[table] = Number((await db(table).count<{ count: string }[]>('* as count'))[0]?.count);
  await db.destroy();
  return filled;
}

/** Institutions with their people, teachers and venues, and officers of every county. */
async function fillRegister(trx: Trx, institutions: number): Promise<void> {
  await trx.raw(
    `with counties as (select code, name_zh, row_number() over (order by code) - 1 as at, count(*) over () as all_of_them from regions where level = 'county')
     insert into institutions (credit_code, name, kind, region, licence_scope)
     select '52' || c.code || lpad(n::text, 9, '0') || 'X', c.name_zh || '第 ' || n || case when n % 50 = 0 then ' 评价站' else ' 职业培训学校' end, case when n % 50 = 0 then 'assessment' else 'training' end, c.code, '{中式烹调师,电工}'
       from generate_series(1, ?) n join counties c on c.at = n % c.all_of_them`,
    [institutions],
  );
  await trx.raw(
    `insert into users (login, name, institution_id, region, email) select 'school-' || row_number() over (order by credit_code), '经办人', id, region, 'x@example.invalid'
       from institutions where credit_code like '52%X' and not exists (select from users u where u.institution_id = institutions.id)`,
  );
  await trx.raw(
    `insert into users (login, name, region, email) select r.code || '-' || role || '-' || n, r.name_zh || '经办' || n, r.code, 'x@example.invalid'
       from regions r, unnest(array['first_reviewer','second_reviewer','approver','inspector','finance_officer','payment_officer','supervisor']) role, generate_series(1, 2) n where r.level = 'county'`,
  );
  await trx.raw(
    `insert into grants (user_id, role, region) select id, coalesce(nullif(split_part(login, '-', 2), ''), 'institution'), region from users where login ~ '^\\d{6}-' union all
     select id, 'institution', region from users where login like 'school-%'`,
  );
  await trx.raw(
    `insert into teachers (institution_id, name, qualification, occupations) select id, '教师' || n, '技师', '{电工}' from institutions, generate_series(1, 3) n where kind = 'training'`,
  );
  await trx.raw(
    `insert into venues (institution_id, name, address, capacity) select id, '实训室', '某路 1 号', 60 from institutions where kind = 'training'`,
  );
}

/** The plans: what each class is, of whom, since when. One school of the demonstration has every fiftieth class. */
async function fillPlans(trx: Trx, classes: number): Promise<void> {
  await trx.raw(
    `create temporary table bench_classes on commit drop as
     with schools as (select i.id, i.name, i.region, r.path, row_number() over (order by i.credit_code) - 1 as at, count(*) over () as all_of_them,
                             (select id from venues v where v.institution_id = i.id limit 1) as venue, (select id from teachers t where t.institution_id = i.id limit 1) as teacher,
                             (select u.id from users u where u.institution_id = i.id limit 1) as author,
                             exists (select from users u where u.institution_id = i.id and u.login = 'kangning-1') as large
                        from institutions i join regions r on r.code = i.region where i.kind = 'training'),
          projects as (select id, name, row_number() over (order by code) - 1 as at, count(*) over () as all_of_them from catalogue_projects),
          numbered as (select n, ${standing} as status, n * 7919 % 1000 as mixed, case when n % 50 = 0 then l.at else n % l.all_of_them end as school
                         from generate_series(1, ?) n, (select at, all_of_them from schools where large) l)
     select c.n, gen_random_uuid() as id, 'PX' || s.region || '-2025-' || lpad(c.n::text, 6, '0') as number, c.status, ${behind} as done, s.id as institution_id, s.name as institution, s.region, s.path,
            s.venue, s.teacher, s.author, p.id as project_id, p.name || '第 ' || c.n || ' 期' as title,
            business_now() - (case c.status when 'paid' then 100 + c.mixed else c.mixed % 60 end) * interval '1 day' - c.n * interval '1 second' as created_at,
            a.ids[1 + c.n % cardinality(a.ids)] as assessor
       from numbered c join schools s on s.at = c.school
       join projects p on p.at = c.n % p.all_of_them
      cross join (select array_agg(id order by credit_code) as ids from institutions where kind = 'assessment') a`,
    [classes],
  );
  await trx.raw('create unique index on bench_classes (id)');
  await trx.raw('analyze bench_classes');
  await trx.raw(
    `insert into classes (id, number, institution_id, project_id, region, pack_id, title, plan, start_date, end_date, venue_id, assessor_id, status, created_by, created_at)
     select id, number, institution_id, project_id, region, 'fujian-2022', title, '两周脱产。', (created_at + interval '15 days')::date, (created_at + interval '30 days')::date, venue, assessor, status,
            author, created_at from bench_classes`,
  );
  await trx.raw(
    `insert into class_sessions (class_id, day, half, hours, kind, topic, teacher_id, venue_id)
     select id, (created_at + interval '15 days')::date + d, 'morning', 4, 'practice', '综合实训', teacher, venue from bench_classes, generate_series(0, 3) d`,
  );
}

/** Three trainees a class; one in three comes again. */
async function fillRosters(trx: Trx, classes: number): Promise<void> {
  await trx.raw(
    `insert into people (id, id_index, id_sealed, id_masked, name, birth_date)
     select md5('person' || n)::uuid, decode(md5('id' || n), 'hex'), 'sealed', '3501**********' || lpad((n % 10000)::text, 4, '0'), '学员' || n, date '1970-01-01' + n % 12000
       from generate_series(1, ?) n`,
    [classes * 2],
  );
  await trx.raw(
    `insert into enrolments (class_id, person_id, seat, group_code, phone_sealed, phone_index, phone_masked, bank_name, account_sealed, account_index, account_masked, eligibility, amount_fen, amount_trace)
     select c.id, md5('person' || (1 + (c.n * 3 + k) % ?))::uuid, k + 1, 'rural_migrant', 'sealed', decode(md5('phone' || c.n * 3 + k), 'hex'), '138****0000', '中国农业银行', 'sealed',
            decode(md5('account' || c.n * 3 + k), 'hex'), '6228****0000', '{"packId": "fujian-2022", "eligible": true, "facts": {}, "hits": []}', 70000,
            '{"packId": "fujian-2022", "amountFen": 70000, "formula": "¥700.00", "standardFen": 70000, "percent": 100, "lines": []}'
       from bench_classes c, generate_series(0, 2) k`,
    [classes * 2],
  );
  await trx.raw(
    `insert into results (enrolment_id, class_id, theory_score, practice_score, passed, certificate_number, certificate_date, entered_by, entered_at)
     select e.id, c.id, 80, 85, true, 'B' || c.n || '-' || e.seat, (c.created_at + interval '35 days')::date, c.author, c.created_at + interval '36 days'
       from bench_classes c join enrolments e on e.class_id = c.id where c.status in ('paid', 'claimed', 'filed', 'filing')`,
  );
  await trx.raw(
    `insert into filed_enrolments (class_id, person_id, enrolment_id, filed_at) select e.class_id, e.person_id, e.id, c.created_at + interval '40 days'
       from bench_classes c join enrolments e on e.class_id = c.id where c.status in ('paid', 'claimed', 'filed')`,
  );
}

async function fillProcedures(trx: Trx, terms: string): Promise<void> {
  await trx.raw(
    `insert into procedures (id, type, subject_id, class_id, region, region_path, institution_id, subject_number, subject_title, institution_name, headcount, amount_fen, stage, step, status, outcome,
                             fact_no, applied_no, step_no, audit_no, flags, terms, next_alarm_at, opened_at, closed_at)
     select 'class-' || number, 'trainingClass', id::text, id, region, path, institution_id, number, title, institution, 3, 210000,
            case status when 'in_review' then 'pre_training' when 'correction' then 'pre_training' when 'in_training' then 'training' when 'filing' then 'filing' when 'filed' then 'claim' else 'subsidy' end, 'x',
            case status when 'paid' then 'closed' when 'withdrawn' then 'closed' else 'open' end, case status when 'paid' then 'paid' when 'withdrawn' then 'withdrawn' end,
            1 + done, 1 + done, 1 + done, 1 + done, jsonb_build_object('assessorId', assessor), ?, case when status not in ('paid', 'withdrawn') then business_now() + interval '5 days' end,
            created_at, case status when 'paid' then created_at + interval '90 days' when 'withdrawn' then least(created_at + interval '18 days', business_now()) end
       from bench_classes where status <> 'draft'`,
    [terms],
  );
  for (const [list, days, series] of [
    ['plan', 8, 1],
    ['result', 45, 2],
  ] as const)
    await trx.raw(
      `insert into disclosures (number, list, class_id, procedure_id, parent_procedure_id, region, blocks, title, snapshot, digest, published_at, from_date, due_date, due_at, working_days, calendar_version, status, ended_at)
       select 'GS' || replace(substr(number, 3), '-2025-', '-2025-${series}'), '${list}', id, 'disclosure-${list}-' || number, 'class-' || number, region, false, title,
              jsonb_build_object('classNumber', number, 'classTitle', title, 'institution', institution, 'project', title, 'startDate', null, 'endDate', null, 'department', '人力资源和社会保障局',
                'facts', '[]'::jsonb, 'people', '[{"seat": 1, "name": "林*", "id": "3501****"}, {"seat": 2, "name": "张**", "id": "3501****"}, {"seat": 3, "name": "王*", "id": "3501****"}]'::jsonb),
              md5(number), created_at + interval '${days} days', (created_at + interval '${days} days')::date, (created_at + interval '${days + 7} days')::date, created_at + interval '${days + 7} days', 5,
              'bench', 'ended', created_at + interval '${days + 7} days'
         from bench_classes where done >= ${list === 'plan' ? 4 : 10}`,
    );
  // Each list is a procedure of its own, which ends with its period.
  await trx.raw(
    `insert into procedures (id, type, parent_id, subject_id, class_id, region, region_path, institution_id, subject_number, subject_title, institution_name, headcount, stage, step, status, outcome,
                             fact_no, applied_no, step_no, audit_no, flags, terms, opened_at, closed_at)
     select d.procedure_id, 'publicDisclosure', d.parent_procedure_id, d.id::text, d.class_id, d.region, p.region_path, p.institution_id, d.number, d.title, p.institution_name, p.headcount,
            'period', 'x', 'closed', 'ended', 1, 1, 2, 1, jsonb_build_object('list', d.list), p.terms, d.published_at, d.ended_at
       from disclosures d join bench_classes c on c.id = d.class_id join procedures p on p.id = d.parent_procedure_id`,
  );
}

/** Decided tasks behind each class and application, and the open one before it. */
async function fillTasks(trx: Trx): Promise<void> {
  const insert = (rows: string, from: string) => `
    insert into tasks (id, procedure_id, step, round, kind, role, office, office_path, institution_id, outcomes, class_id, subject_number, subject_title, institution_name, headcount, amount_fen, status,
                       opened_at, from_date, working_days, due_date, due_at, calendar_version, claimed_by, claimed_at, decided_by, decided_at, outcome)
    select p.id || '/' || s.step || '/1', p.id, s.step, 1, s.kind, s.role, c.region, c.path, case s.role when 'assessor' then c.assessor else c.institution_id end, '{approve}', c.id, p.subject_number, c.title,
           c.institution, 3, 210000, case when s.no <= ${rows} then 'decided' else 'open' end, w.at, w.at::date, 5, (w.at + interval '7 days')::date, w.at + interval '7 days', 'bench', o.id, w.at,
           case when s.no <= ${rows} then coalesce(o.id, c.author) end, case when s.no <= ${rows} then least(w.at + (1 + c.n % 9) * interval '1 day', business_now() - (c.n % 5000) * interval '1 minute') end, case when s.no <= ${rows} then 'approve' end
      from bench_classes c ${from}
      cross join lateral (select case when s.no <= ${rows} then least(c.created_at + s.no * interval '8 days', business_now() - (12 - s.no) * interval '2 days') else business_now() - (c.n % 8) * interval '1 day' end as at) w
      left join lateral (select id from users u where u.login = c.region || '-' || s.role || '-' || 1 + c.n % 2) o on true`;
  await trx.raw(
    insert(
      'c.done',
      `join procedures p on p.id = 'class-' || c.number join ${steps} on s.no <= c.done or (s.no = c.done + 1 and c.status not in ('paid', 'claimed', 'withdrawn', 'correction'))`,
    ),
  );
  await trx.raw(
    insert(
      '0',
      `join procedures p on p.id = 'class-' || c.number and c.status = 'correction' cross join (values (1, 'pre_training.correction', 'correction', 'institution')) s (no, step, kind, role)`,
    ),
  );
  await trx.raw(
    insert(
      `case c.status when 'paid' then 4 else c.n / 20 % 3 end`,
      `join procedures p on p.id = 'application-' || c.number join ${subsidySteps} on s.no <= case c.status when 'paid' then 4 else 1 + c.n / 20 % 3 end`,
    ),
  );
  // A class that waits for its application.
  await trx.raw(
    insert(
      '0',
      `join procedures p on p.id = 'class-' || c.number and c.status = 'claimed' cross join (values (1, 'subsidy.wait', 'wait', 'clock')) s (no, step, kind, role)`,
    ),
  );
  await trx.raw(`update tasks set working_days = null, due_date = null, due_at = null where kind = 'wait' and step = 'subsidy.wait'`);
}

/** Facts, audit lines, papers and mails. */
async function fillTraces(trx: Trx): Promise<void> {
  await trx.raw(
    `insert into facts (procedure_id, no, kind, actor, at) select id, 1, 'submitted', null, opened_at from procedures where type in ('trainingClass', 'subsidyApplication', 'publicDisclosure') on conflict do nothing`,
  );
  await trx.raw(
    `insert into facts (procedure_id, no, kind, task_id, outcome, actor, at, payload)
     select procedure_id, 1 + row_number() over (partition by procedure_id order by decided_at, id), 'decided', id, outcome, decided_by, decided_at, '{}' from tasks where status = 'decided' and calendar_version = 'bench'
     on conflict do nothing`,
  );
  await trx.raw(
    `insert into audit_log (at, recorded_at, actor, act, subject, procedure_id, no, previous_hash, hash)
     select f.at, f.at, f.actor, case f.kind when 'submitted' then case p.type when 'publicDisclosure' then 'disclosure.publish' else 'class.submit' end else 'task.approve' end, coalesce(f.task_id, f.procedure_id), f.procedure_id, f.no,
            sha256(f.procedure_id::bytea), sha256(f.procedure_id::bytea)
       from facts f join procedures p on p.id = f.procedure_id and p.class_id in (select id from bench_classes) order by f.at`,
  );
  // Which line is the last one is known only now.
  await trx.raw(
    `update procedures p set audit_no = a.no, audited_at = a.at
       from (select distinct on (procedure_id) procedure_id, no, at from audit_log where procedure_id is not null order by procedure_id, no desc) a where a.procedure_id = p.id`,
  );
  await trx.raw(
    `insert into run_builds (procedure_id, build_id, type, region_path, seen_at)
     select id, case when random() < 0.9 then 'bench+b' else 'bench+a' end, type, region_path, clock_timestamp() from procedures where status <> 'closed' on conflict do nothing`,
  );
  await trx.raw(
    `insert into papers (kind, number, class_id, procedure_id, region, issued_at, signatory, content)
     select 'opening_review', region || '人社培审〔2025〕' || n || '号', id, 'class-' || number, region, created_at + interval '7 days', null, '{}' from bench_classes where done >= 3`,
  );
  await trx.raw(
    `insert into mails (user_id, region, template, params, procedure_id, dedupe, created_at, status, subject, html, body)
     select author, region, 'assigned', jsonb_build_object('number', number, 'title', title), 'class-' || number, 'bench-' || number, created_at, 'kept', title, '<p>…</p>', '…' from bench_classes`,
  );
  await trx.raw(
    `insert into class_messages (class_id, side, author, body, sent_at) select id, 'institution', author, '请问材料是否收到？', created_at + interval '1 day' from bench_classes where n % 10 = 7`,
  );
}
