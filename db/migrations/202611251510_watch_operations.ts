/** What the reconciler finds out about runs, which build they run on, and repairs by two people. */
export const sql = `
create table operation_findings (
  procedure_id text not null references procedures (id),
  code text not null check (code in ('standing_still', 'run_missing', 'run_ended', 'run_failing', 'run_retrying')),
  since timestamptz not null,
  seen_at timestamptz not null,
  cleared_at timestamptz,
  detail jsonb not null default '{}',
  rings int not null default 0,
  rung_at timestamptz,
  primary key (procedure_id, code)
);
comment on table operation_findings is 'What the reconciler found wrong with the run of a procedure, by real time; cleared_at: it was looked at again and is right. detail holds codes and numbers';
comment on column operation_findings.rings is 'How often the reconciler rang about it by itself, the last time at rung_at';
create index operation_findings_open on operation_findings (code, since) where cleared_at is null;

create table run_builds (
  procedure_id text primary key references procedures (id),
  build_id text not null,
  seen_at timestamptz not null
);
comment on table run_builds is 'The build of the worker that took the last step of an open run';

create table worker_builds (
  build_id text primary key,
  first_seen_at timestamptz not null,
  seen_at timestamptz not null
);
comment on table worker_builds is 'Builds that a worker was seen with';

create table reconciler_turns (
  only_row boolean primary key default true check (only_row),
  began_at timestamptz,
  ended_at timestamptz,
  walked_to text not null default '',
  temporal_silent_since timestamptz
);
comment on table reconciler_turns is 'Workers take turns: one of them reconciles at a time. walked_to: last procedure whose run was looked at';
insert into reconciler_turns default values;

create table repair_requests (
  id uuid primary key default gen_random_uuid(),
  procedure_id text not null references procedures (id),
  kind text not null check (kind in ('ring', 'restart')),
  reason text not null,
  status text not null default 'requested' check (status in ('requested', 'confirmed', 'refused', 'withdrawn')),
  requested_by uuid not null references users (id),
  requested_at timestamptz not null,
  decided_by uuid references users (id),
  decided_at timestamptz,
  constraint repair_requests_two_people check (status not in ('confirmed', 'refused') or decided_by <> requested_by),
  constraint repair_requests_own check (status <> 'withdrawn' or decided_by = requested_by),
  constraint repair_requests_decided check ((status = 'requested') = (decided_by is null) and (decided_by is null) = (decided_at is null))
);
comment on table repair_requests is 'One administrator asks for a repair of a run, another one confirms it';
create unique index repair_requests_open on repair_requests (procedure_id) where status = 'requested';
create index repair_requests_procedure on repair_requests (procedure_id, requested_at);
create index repair_requests_requester on repair_requests (requested_by);
create index repair_requests_decider on repair_requests (decided_by);
revoke update, delete, truncate on repair_requests from shiming_app;
grant update (status, decided_by, decided_at) on repair_requests to shiming_app;
create index procedures_not_closed on procedures (id) where status <> 'closed';
create index tasks_provisional on tasks (procedure_id) where status = 'open' and provisional;
create index mails_failed on mails (created_at) where status = 'failed';
`;
