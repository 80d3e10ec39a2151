/** Procedures, the facts about them, the tasks they ask for, the outbox and the audit log. */
export const sql = `
create table procedures (
  id text primary key,
  type text not null,
  subject_id text not null,
  class_id uuid,
  region text not null references regions (code),
  region_path text not null,
  institution_id uuid,
  subject_number text not null,
  subject_title text not null,
  institution_name text not null,
  headcount int,
  amount_fen bigint,
  stage text not null default 'opened',
  step text not null default 'opened',
  status text not null default 'open' check (status in ('open', 'withdrawn', 'suspended', 'closed')),
  outcome text,
  fact_no int not null default 0,
  applied_no int not null default 0,
  step_no int not null default 0,
  flags jsonb not null default '{}',
  terms jsonb not null,
  next_alarm_at timestamptz,
  audit_no int not null default 0,
  audit_hash bytea not null default '\\x',
  opened_at timestamptz not null,
  closed_at timestamptz,
  check (applied_no <= fact_no),
  check ((status = 'closed') = (closed_at is not null))
);
comment on table procedures is 'One row per procedure; id is the workflow id. fact_no: last fact written; applied_no: last fact the procedure took account of';
comment on column procedures.subject_title is 'With number, institution, headcount and amount: what an inbox row shows, so that the inbox joins nothing';
create index procedures_class on procedures (class_id);
create index procedures_subject on procedures (subject_id);
create index procedures_alarm on procedures (next_alarm_at) where status <> 'closed' and next_alarm_at is not null;
create index procedures_behind on procedures (id) where applied_no < fact_no;

create table facts (
  procedure_id text not null references procedures (id),
  no int not null check (no > 0),
  kind text not null,
  task_id text,
  outcome text,
  actor uuid,
  at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp(),
  payload jsonb,
  primary key (procedure_id, no)
);
comment on table facts is 'What happened to a procedure, in the order in which it happened; never changed';

create table tasks (
  id text primary key,
  procedure_id text not null references procedures (id),
  step text not null,
  round int not null,
  kind text not null,
  role text not null,
  office text not null references regions (code),
  office_path text not null,
  institution_id uuid,
  outcomes text[] not null,
  peremptory boolean not null default false,
  four_eyes text[] not null default '{}',
  reference text,
  class_id uuid,
  subject_number text not null,
  subject_title text not null,
  institution_name text not null,
  headcount int,
  amount_fen bigint,
  status text not null default 'open' check (status in ('open', 'decided', 'expired', 'cancelled')),
  opened_at timestamptz not null,
  from_date date not null,
  working_days int,
  days_used int not null default 0,
  due_date date,
  due_at timestamptz,
  calendar_version text not null,
  provisional boolean not null default false,
  rungs timestamptz[] not null default '{}',
  rung int not null default 0,
  next_rung_at timestamptz,
  urged_at timestamptz,
  claimed_by uuid references users (id),
  claimed_at timestamptz,
  decided_by uuid references users (id),
  decided_at timestamptz,
  outcome text,
  version int not null default 1,
  unique (procedure_id, step, round)
);
comment on table tasks is 'A task asks somebody for a fact; id is <procedure>/<step>/<round>';
create index tasks_queue on tasks (office, role, due_at, id) where status = 'open';
create index tasks_claimed on tasks (claimed_by, due_at, id) where status = 'open' and claimed_by is not null;
create index tasks_institution on tasks (institution_id, role, due_at, id) where status = 'open';
create index tasks_region on tasks (office_path text_pattern_ops, due_at, id) where status = 'open' and role not in ('clock', 'institution', 'assessor');
create index tasks_due on tasks (due_at, id) where status = 'open';
create index tasks_class on tasks (class_id, opened_at);
create index tasks_decided on tasks (office, decided_at) where status = 'decided';

create table signatures (
  scope text not null,
  user_id uuid not null references users (id),
  step text not null,
  signed_at timestamptz not null,
  primary key (scope, user_id)
);
comment on table signatures is 'Four eyes: within a scope one person signs one step only';

create table outbox (
  id bigint generated always as identity primary key,
  procedure_id text not null references procedures (id),
  type text not null,
  no int not null,
  kind text not null,
  task_id text,
  outcome text,
  created_at timestamptz not null default clock_timestamp(),
  next_at timestamptz not null default clock_timestamp(),
  attempts int not null default 0
);
comment on table outbox is 'Bells for Temporal that are not delivered yet; a delivered line is deleted';
create index outbox_next on outbox (next_at, id);
create index outbox_procedure on outbox (procedure_id);

create table idempotency_keys (
  user_id uuid not null,
  key text not null,
  request_digest text not null,
  status int,
  answer jsonb,
  created_at timestamptz not null default clock_timestamp(),
  primary key (user_id, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);

create table audit_log (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp(),
  actor uuid,
  act text not null,
  subject text not null,
  procedure_id text,
  no int,
  detail jsonb not null default '{}',
  previous_hash bytea,
  hash bytea
);
comment on table audit_log is 'Append only; lines of a procedure form a hash chain numbered by no';
create unique index audit_log_chain on audit_log (procedure_id, no) where procedure_id is not null;
create index audit_log_subject on audit_log (subject, id);
create index audit_log_actor on audit_log (actor, id);
revoke update, delete, truncate on audit_log from shiming_app;
revoke update, delete, truncate on facts from shiming_app;
revoke delete, truncate on tasks, procedures, signatures from shiming_app;
`;
