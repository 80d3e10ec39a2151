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

create function name_signers_beside() returns trigger language plpgsql as $$
begin
  update tasks t set signers = took_part_elsewhere(t.four_eyes, t.step)
    from tasks own
   where own.id = case tg_table_name when 'tasks' then to_jsonb(new) ->> 'id' else to_jsonb(new) ->> 'task_id' end
     and t.procedure_id = own.procedure_id and t.status = 'open' and t.id <> own.id and t.four_eyes && own.four_eyes;
  return null;
end $$;
comment on function name_signers_beside() is 'Only the tasks of a group of signers are open at the same time as others of their matter: no other decision pays for it';
create trigger tasks_signed_beside after update of status on tasks for each row
  when (new.joint_group is not null and new.status = 'decided') execute function name_signers_beside();
create trigger task_delegations_signed_beside after update on task_delegations for each row
  when (new.status = 'answered') execute function name_signers_beside();

update tasks set signers = took_part_elsewhere(four_eyes, step) where status = 'open' and four_eyes <> '{}';

drop index tasks_queue;
drop index tasks_queue_priority;
create index tasks_queue on tasks (office, role, due_at, id) include (suspended_at, signers) where status = 'open';
create index tasks_queue_signed on tasks (office, role, due_at, id) include (suspended_at, signers) where status = 'open' and signers <> '{}';
create index tasks_queue_priority on tasks (office, role, due_at, id) include (suspended_at, signers) where status = 'open' and priority;
`;
