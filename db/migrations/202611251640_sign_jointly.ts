/** Several signatures under one step (会签, 或签), asked for by the policy pack or added by a holder (加签): a task for each, kept together as a group. */
export const sql = `
alter table tasks
  add column joint text check (joint in ('all', 'any', 'added')),
  add column joint_group text references tasks (id),
  add column added_by uuid references users (id),
  add column ended_by text references tasks (id),
  add constraint tasks_joint_in_group check ((joint is null) = (joint_group is null)),
  add constraint tasks_added check ((joint is not distinct from 'added') = (added_by is not null)),
  add constraint tasks_ended check (ended_by is null or (status = 'cancelled' and joint_group is not null));
comment on column tasks.joint is 'Part of a group: all (the step needs every signature), any (the first one decides it), added (by a holder; needed besides)';
comment on column tasks.joint_group is 'The first task of the group; tasks of a group ask several people for their signature under the same step';
comment on column tasks.added_by is 'Who asked for this signature';
comment on column tasks.ended_by is 'The decision of the same group after which this signature was no longer needed';
create index tasks_joint_group on tasks (joint_group) where joint_group is not null;
create index tasks_added_by on tasks (added_by) where added_by is not null;
create index tasks_ended_by on tasks (ended_by) where ended_by is not null;

create table added_signers (
  task_id text primary key references tasks (id),
  asked_by uuid not null references users (id),
  signer uuid not null references users (id),
  question text not null,
  asked_at timestamptz not null,
  recalled_at timestamptz,
  recalled_reason text,
  check (asked_by <> signer),
  check ((recalled_at is null) = (recalled_reason is null))
);
comment on table added_signers is 'A holder asks somebody else to sign the same step (加签), until whoever asked no longer does (减签)';
create index added_signers_asked_by on added_signers (asked_by);
create index added_signers_signer on added_signers (signer);
revoke delete, truncate on added_signers from shiming_app;

create constraint trigger facts_signed_four_eyes after insert on facts deferrable initially deferred
  for each row when (new.kind = 'signed') execute function require_signatures();

create function check_joint_outcome() returns trigger language plpgsql as $$
declare
  waits boolean := exists (select from tasks o where o.joint_group = new.joint_group and o.status = 'open');
  due text := case when waits then 'signed' else 'decided' end;
  told text := (select f.kind from facts f where f.procedure_id = new.procedure_id and f.task_id = new.id and f.kind in ('decided', 'signed') order by f.no desc limit 1);
begin
  if told is distinct from due then
    raise exception 'a joint step is decided by its last signature, and once' using errcode = 'check_violation', constraint = 'joint_outcome';
  end if;
  return null;
end $$;
comment on function check_joint_outcome() is 'While signatures of a group are open a decision is one signature of several; the one that leaves none open decides the step';
create constraint trigger tasks_joint_outcome after update on tasks deferrable initially deferred for each row
  when (new.joint_group is not null and old.status = 'open' and new.status = 'decided') execute function check_joint_outcome();
`;
