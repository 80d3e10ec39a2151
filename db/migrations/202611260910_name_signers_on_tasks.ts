/**
 * An open task names whom four eyes refuse it, so that the counts of a queue are read from its index alone: to ask for the signatures of each task made
 * the inbox three times as slow at 50,000 open tasks. Whoever decides is still judged by the signatures themselves.
 */
export const sql = `
alter table tasks add column signers uuid[] not null default '{}';
comment on column tasks.signers is 'Who took part in other steps of the same matter, as known when it opened and from its own procedure afterwards: shown, not judged by';

create function took_part_elsewhere(scopes text[], this_step text) returns uuid[] language sql stable as
  $$ select coalesce(array_agg(distinct user_id), '{}') from signatures where scope = any(scopes) and step <> this_step $$;

create function name_signers() returns trigger language plpgsql as $$
begin
  new.signers := took_part_elsewhere(new.four_eyes, new.step);
  return new;
end $$;
create trigger tasks_signers before insert on tasks for each row when (new.four_eyes <> '{}') execute function name_signers();

create function name_new_signers() returns trigger language plpgsql as $$
begin
  update tasks t set signers = took_part_elsewhere(t.four_eyes, t.step)
   where t.status = 'open' and t.procedure_id = any(array(select split_part(scope, '/', 1) from added))
     and exists (select from added a where a.scope = any(t.four_eyes) and a.step <> t.step and not a.user_id = any(t.signers));
  return null;
end $$;
comment on function name_new_signers() is 'Signers of one group, and opinions: their tasks are open at the same time';
create trigger signatures_named after insert on signatures referencing new table as added for each statement execute function name_new_signers();

update tasks set signers = took_part_elsewhere(four_eyes, step) where status = 'open' and four_eyes <> '{}';

drop index tasks_queue;
drop index tasks_queue_priority;
create index tasks_queue on tasks (office, role, due_at, id) include (suspended_at, signers) where status = 'open';
create index tasks_queue_priority on tasks (office, role, due_at, id) include (suspended_at, signers) where status = 'open' and priority;
`;
