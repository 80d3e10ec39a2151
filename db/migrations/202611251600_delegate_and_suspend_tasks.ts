/** Opinions asked of colleagues, suspended tasks, and four eyes that hold for a raw insert as well. */
export const sql = `
alter table tasks
  add column delegated_to uuid references users (id),
  add column suspended_at timestamptz,
  add column suspended_by uuid references users (id),
  add column suspended_reason text,
  add constraint tasks_delegated_by_holder check (delegated_to is null or (claimed_by is not null and claimed_by <> delegated_to)),
  add constraint tasks_suspended_with_reason check
    ((suspended_at is null) = (suspended_by is null) and (suspended_at is null) = (suspended_reason is null)),
  add constraint tasks_suspended_or_delegated check (suspended_at is null or delegated_to is null);
comment on column tasks.delegated_to is 'Who was asked for an opinion; the task stays with its holder and waits for it';
comment on column tasks.suspended_at is 'Out of the queue and not to be decided until it is resumed; its period goes on';
create index tasks_delegated on tasks (delegated_to, due_at, id) where status = 'open' and delegated_to is not null;
drop index tasks_queue;
create index tasks_queue on tasks (office, role, due_at, id) include (suspended_at) where status = 'open';

create table task_delegations (
  id uuid primary key default gen_random_uuid(),
  task_id text not null references tasks (id),
  asked_by uuid not null references users (id),
  delegate uuid not null references users (id),
  question text not null,
  asked_at timestamptz not null,
  status text not null default 'asked' check (status in ('asked', 'answered', 'recalled')),
  opinion text,
  settled_at timestamptz,
  check (asked_by <> delegate),
  check ((status = 'answered') = (opinion is not null)),
  check ((status = 'asked') = (settled_at is null))
);
comment on table task_delegations is 'A holder asks a colleague of the same role and office for an opinion (委派); it comes back to the holder, who decides';
create unique index task_delegations_open on task_delegations (task_id) where status = 'asked';
create index task_delegations_task on task_delegations (task_id, asked_at);
revoke delete, truncate on task_delegations from shiming_app;

comment on table signatures is 'Four eyes: within a scope one person takes part in one step only, by a decision or by an opinion';

create function require_signatures() returns trigger language plpgsql as $$
declare
  person uuid := case tg_table_name when 'facts' then to_jsonb(new) ->> 'actor' else to_jsonb(new) ->> 'delegate' end;
begin
  if exists (select from tasks t cross join unnest(t.four_eyes) wanted (scope)
              where t.id = new.task_id
                and not exists (select from signatures s where s.scope = wanted.scope and s.user_id = person and s.step = t.step)) then
    raise exception 'four eyes: not signed as another step or another person' using errcode = 'check_violation', constraint = 'four_eyes';
  end if;
  return null;
end $$;
comment on function require_signatures() is 'Whoever decides or gives an opinion has signed its step in every four-eyes scope; the key of signatures keeps them from a second step';
create constraint trigger facts_four_eyes after insert on facts deferrable initially deferred
  for each row when (new.kind = 'decided') execute function require_signatures();
create constraint trigger task_delegations_four_eyes after insert or update on task_delegations deferrable initially deferred
  for each row when (new.status = 'answered') execute function require_signatures();
`;
