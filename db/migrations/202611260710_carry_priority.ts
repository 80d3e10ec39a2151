/** A mark of pressing (加急) is carried by its procedure to the tasks of the office that open next, until a supervisor takes it off or the matter ends. */
export const sql = `
alter table procedures
  add column priority_reason text,
  add column prioritised_at timestamptz,
  add column prioritised_by uuid references users (id),
  add constraint procedures_priority_with_reason check
    ((priority_reason is null) = (prioritised_at is null) and (priority_reason is null) = (prioritised_by is null));
comment on column procedures.priority_reason is 'Marked as pressing by a supervisor (加急): the tasks of the office that it opens are marked with it';
update procedures p set priority_reason = t.priority_reason, prioritised_at = t.prioritised_at, prioritised_by = t.prioritised_by
  from (select distinct on (procedure_id) procedure_id, priority_reason, prioritised_at, prioritised_by from tasks
         where status = 'open' and priority order by procedure_id, prioritised_at desc) t
 where t.procedure_id = p.id;
comment on column tasks.priority is 'Marked by a supervisor (加急), or opened by a procedure that is: first in the lists of the office; changes no deadline and no version';
`;
