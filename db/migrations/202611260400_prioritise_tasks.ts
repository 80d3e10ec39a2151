/** A supervisor marks an open task as pressing (加急); such tasks stand first in every list, found by indexes that hold them alone. */
export const sql = `
alter table tasks
  add column priority boolean not null default false,
  add column priority_reason text,
  add column prioritised_at timestamptz,
  add column prioritised_by uuid references users (id),
  add constraint tasks_priority_with_reason check
    (priority = (priority_reason is not null) and priority = (prioritised_at is not null) and priority = (prioritised_by is not null));
comment on column tasks.priority is 'Marked by a supervisor (加急): first in the lists of the office; changes no deadline and no version, and ends with the task';
create index tasks_queue_priority on tasks (office, role, due_at, id) include (suspended_at) where status = 'open' and priority;
create index tasks_region_priority on tasks (office_path text_pattern_ops, due_at, id) where status = 'open' and priority;
`;
