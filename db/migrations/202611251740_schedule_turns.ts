/** What started the last turn of the reconciler, and what its watch found wrong with the schedule. */
export const sql = `
alter table reconciler_turns
  add column started_by text check (started_by in ('schedule', 'watch')),
  add column schedule_fault text check (schedule_fault in ('missing', 'paused', 'idle')),
  add column schedule_fault_since timestamptz,
  add constraint reconciler_turns_fault check ((schedule_fault is null) = (schedule_fault_since is null));
comment on column reconciler_turns.started_by is 'What started the turn that began last: the schedule of Temporal, or the watch of a worker';
comment on column reconciler_turns.schedule_fault is 'missing: it was made again; paused: by somebody; idle: it is there and starts nothing. Cleared by the next turn that the schedule starts';
`;
