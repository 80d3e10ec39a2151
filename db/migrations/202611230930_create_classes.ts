/** Classes with timetable and roster, people, training, changes, results. */
export const sql = `
create table classes (
  id uuid primary key default gen_random_uuid(),
  number text not null unique,
  institution_id uuid not null references institutions (id),
  project_id uuid not null references catalogue_projects (id),
  region text not null references regions (code),
  pack_id text not null references policy_packs (id),
  title text not null,
  plan text not null default '',
  start_date date,
  end_date date,
  venue_id uuid references venues (id),
  assessor_id uuid references institutions (id),
  status text not null default 'draft' check (status in ('draft', 'in_review', 'correction', 'publishing', 'ready', 'in_training', 'filing',
    'filed', 'claimed', 'paid', 'withdrawn', 'refused', 'expired', 'terminated')),
  created_by uuid not null references users (id),
  created_at timestamptz not null default now(),
  version int not null default 1,
  check (start_date is null or end_date is null or end_date >= start_date)
);
create index classes_institution on classes (institution_id, created_at);
create index classes_region on classes (region, status);

create table class_sessions (
  id uuid primary key default gen_random_uuid(),
  class_id uuid not null references classes (id),
  day date not null,
  half text not null check (half in ('morning', 'afternoon', 'evening')),
  hours int not null check (hours between 1 and 8),
  kind text not null check (kind in ('theory', 'practice')),
  topic text not null,
  teacher_id uuid not null references teachers (id),
  venue_id uuid not null references venues (id),
  unique (class_id, day, half)
);
create index class_sessions_teacher on class_sessions (teacher_id, day);
create index class_sessions_venue on class_sessions (venue_id, day);

create table people (
  id uuid primary key default gen_random_uuid(),
  id_index bytea not null unique,
  id_sealed text not null,
  id_masked text not null,
  name text not null,
  birth_date date not null,
  created_at timestamptz not null default now()
);
comment on table people is 'One identity record per subsidised person; id_index is a keyed blind index of the 18-digit number';

create table prior_benefits (
  id uuid primary key default gen_random_uuid(),
  person_id uuid not null references people (id),
  year int not null,
  occupation text not null,
  level int,
  amount_fen bigint not null check (amount_fen >= 0),
  region text not null references regions (code),
  source text not null
);
comment on table prior_benefits is 'What was paid before the system began (历史享受记录补录)';
create index prior_benefits_person on prior_benefits (person_id);

create table enrolments (
  id uuid primary key default gen_random_uuid(),
  class_id uuid not null references classes (id),
  person_id uuid not null references people (id),
  seat int not null,
  group_code text not null,
  phone_sealed text not null,
  phone_index bytea not null,
  phone_masked text not null,
  bank_name text not null default '',
  account_sealed text not null,
  account_index bytea not null,
  account_masked text not null,
  status text not null default 'enrolled' check (status in ('enrolled', 'dropped', 'excluded')),
  status_reason text,
  eligibility jsonb,
  amount_fen bigint check (amount_fen >= 0),
  amount_trace jsonb,
  held_by text,
  attended_percent numeric(4, 1) check (attended_percent between 0 and 100),
  attendance_short boolean not null default false,
  unique (class_id, person_id)
);
comment on column enrolments.attendance_short is 'Attended fewer hours than the policy pack asks for: no result, no claim. Set when attendance is closed';
comment on column enrolments.held_by is 'Objection that holds this person; others go on';
create index enrolments_person on enrolments (person_id);
create index enrolments_phone on enrolments (phone_index);
create index enrolments_account on enrolments (account_index);

create table verifications (
  id uuid primary key default gen_random_uuid(),
  enrolment_id uuid not null references enrolments (id),
  register text not null check (register in ('identity', 'insurance', 'duplicate', 'certificate')),
  result text not null check (result in ('yes', 'no', 'contradictory', 'none')),
  asked_at timestamptz not null,
  answered_at timestamptz,
  evidence jsonb not null default '{}',
  settled_by uuid references users (id),
  settled_at timestamptz,
  settled_reason text,
  unique (enrolment_id, register)
);
comment on table verifications is 'Answers of the registers (联网核查), kept as evidence; none = no answer yet, which never counts as yes';

create table roster_rejections (
  id uuid primary key,
  class_id uuid not null references classes (id),
  created_by uuid not null references users (id),
  annotated_sealed text not null,
  created_at timestamptz not null default now()
);
comment on table roster_rejections is 'Annotated files of refused rosters, sealed because they hold what was uploaded; kept for an hour';
create index roster_rejections_age on roster_rejections (created_at);

create table class_files (
  id uuid primary key default gen_random_uuid(),
  class_id uuid not null references classes (id),
  kind text not null check (kind in ('plan', 'roster', 'attendance', 'evidence')),
  name text not null,
  type text not null,
  size int not null,
  sha256 bytea not null,
  content bytea not null,
  uploaded_by uuid not null references users (id),
  uploaded_at timestamptz not null
);
create index class_files_class on class_files (class_id);

create table attendance (
  session_id uuid not null references class_sessions (id),
  enrolment_id uuid not null references enrolments (id),
  present boolean not null,
  method text not null check (method in ('face', 'qr', 'card', 'hand')),
  entered_by uuid not null references users (id),
  entered_at timestamptz not null,
  primary key (session_id, enrolment_id)
);
create index attendance_enrolment on attendance (enrolment_id);

create table inspections (
  id uuid primary key default gen_random_uuid(),
  class_id uuid not null references classes (id),
  task_id text not null unique references tasks (id),
  method text not null check (method in ('video', 'visit', 'phone')),
  found text not null check (found in ('in_order', 'finding')),
  present_count int,
  remark text not null default '',
  inspector uuid not null references users (id),
  companion text,
  inspected_at timestamptz not null
);
create index inspections_class on inspections (class_id);

create table rectifications (
  id uuid primary key default gen_random_uuid(),
  class_id uuid not null references classes (id),
  inspection_id uuid not null references inspections (id),
  answer text,
  answered_by uuid references users (id),
  answered_at timestamptz,
  accepted boolean,
  unique (inspection_id)
);

create table class_changes (
  id uuid primary key default gen_random_uuid(),
  class_id uuid not null references classes (id),
  fact_no int not null,
  kind text not null check (kind in ('teacher', 'date', 'venue', 'drop_out')),
  detail jsonb not null,
  reason text not null,
  status text not null default 'requested' check (status in ('requested', 'approved', 'refused', 'cancelled')),
  requested_by uuid not null references users (id),
  requested_at timestamptz not null,
  unique (class_id, fact_no)
);
comment on table class_changes is 'Changes during training (变更); detail holds ids only';

create table results (
  enrolment_id uuid primary key references enrolments (id),
  class_id uuid not null references classes (id),
  theory_score numeric(5, 1) not null check (theory_score between 0 and 100),
  practice_score numeric(5, 1) not null check (practice_score between 0 and 100),
  passed boolean not null,
  certificate_number text unique,
  certificate_date date,
  entered_by uuid not null references users (id),
  entered_at timestamptz not null,
  check (not passed or (certificate_number is not null and certificate_date is not null))
);
create index results_class on results (class_id);

create table filed_enrolments (
  class_id uuid not null references classes (id),
  person_id uuid not null references people (id),
  enrolment_id uuid not null unique references enrolments (id),
  filed_at timestamptz not null,
  primary key (class_id, person_id),
  foreign key (class_id, person_id) references enrolments (class_id, person_id)
);
comment on table filed_enrolments is 'Verified enrolments of a filed class: the only ones that a payment line can name (凡补必进，不进不补)';
revoke update, delete, truncate on filed_enrolments from shiming_app;
`;
