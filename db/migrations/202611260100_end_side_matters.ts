/** What hangs on something that has ended ends with it: a question to a colleague with its task, a request for a change with its class. */
export const sql = `
create function end_question() returns trigger language plpgsql as $$
begin
  update task_delegations set status = 'recalled', settled_at = business_now() where task_id = new.id and status = 'asked';
  return null;
end $$;
comment on function end_question() is 'Whoever ended the task: a colleague who was asked about it owes no opinion any more';
create trigger tasks_end_question after update of status on tasks for each row
  when (old.status = 'open' and new.status <> 'open' and new.delegated_to is not null) execute function end_question();

update task_delegations d set status = 'recalled', settled_at = business_now()
  from tasks t where t.id = d.task_id and d.status = 'asked' and t.status <> 'open';
update class_changes x set status = 'cancelled'
  from classes c where c.id = x.class_id and x.status = 'requested' and c.status in ('withdrawn', 'refused', 'expired', 'terminated');
`;
