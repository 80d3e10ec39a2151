/**
 * Which state of the accounts and which calendar are in force, as one row that every request reads: what follows from them is kept as long as the row
 * stays the same. Beside it the check of four eyes as two short functions, because it runs with every decision.
 */
export const sql = `
create table in_force (
  one boolean primary key default true check (one),
  accounts uuid not null default gen_random_uuid(),
  calendar uuid not null default gen_random_uuid()
);
comment on table in_force is 'One row. accounts changes with every account, grant, substitution or name that a session shows; calendar with every day or year of the calendar';
insert into in_force default values;
revoke insert, update, delete, truncate on in_force from shiming_app;

create function note_accounts() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update in_force set accounts = gen_random_uuid();
  return null;
end $$;
create trigger users_noted after insert or delete or update of login, name, locale, institution_id, active on users
  for each statement execute function note_accounts();
create trigger grants_noted after insert or update or delete on grants for each statement execute function note_accounts();
create trigger substitutions_noted after insert or update or delete on substitutions for each statement execute function note_accounts();
create trigger regions_noted after insert or update or delete on regions for each statement execute function note_accounts();
create trigger institutions_noted after update of name on institutions for each statement execute function note_accounts();

create function note_calendar() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update in_force set calendar = gen_random_uuid();
  return null;
end $$;
create trigger calendar_days_noted after insert or update or delete on calendar_days for each statement execute function note_calendar();
create trigger calendar_years_noted after insert or update or delete on calendar_years for each statement execute function note_calendar();

create function has_signed(scopes text[], person uuid, step text) returns boolean language plpgsql stable as $$
begin
  return (select count(*) from signatures s where s.scope = any(scopes) and s.user_id = person and s.step = has_signed.step)
       = (select count(distinct scope) from unnest(scopes) scope);
end $$;
comment on function has_signed is 'Whether the person has signed this step in every one of these four-eyes scopes';

create or replace function require_signatures() returns trigger language plpgsql as $$
declare
  task record;
begin
  select four_eyes, step, decided_for into task from tasks where id = new.task_id;
  if not found or cardinality(task.four_eyes) = 0 then
    return null;
  end if;
  if not has_signed(task.four_eyes, new.actor, task.step)
     or (task.decided_for is not null and not has_signed(task.four_eyes, task.decided_for, task.step)) then
    raise exception 'four eyes: not signed as another step or another person' using errcode = 'check_violation', constraint = 'four_eyes';
  end if;
  return null;
end $$;
comment on function require_signatures() is 'Whoever decides, and the principal for whom it is decided, has signed its step in every four-eyes scope; the key of signatures keeps them from a second step';

create function require_signature_of_opinion() returns trigger language plpgsql as $$
declare
  task record;
begin
  select four_eyes, step into task from tasks where id = new.task_id;
  if found and not has_signed(task.four_eyes, new.delegate, task.step) then
    raise exception 'four eyes: not signed as another step or another person' using errcode = 'check_violation', constraint = 'four_eyes';
  end if;
  return null;
end $$;
comment on function require_signature_of_opinion() is 'Whoever gives an opinion has signed its step in every four-eyes scope';
drop trigger task_delegations_four_eyes on task_delegations;
create constraint trigger task_delegations_four_eyes after insert or update on task_delegations deferrable initially deferred
  for each row when (new.status = 'answered') execute function require_signature_of_opinion();
`;
