/** Many tasks handed to one person at once, as a job like the other bulk acts. */
export const sql = `
alter table bulk_jobs
  drop constraint bulk_jobs_act_check,
  add constraint bulk_jobs_act_check check (act in ('claim', 'release', 'approve', 'reassign')),
  add column handed_to uuid references users (id),
  add column reason text,
  add constraint bulk_jobs_handed check ((act = 'reassign') = (handed_to is not null) and (handed_to is null) = (reason is null));
comment on column bulk_jobs.handed_to is 'Of a reassignment: who gets the tasks';
`;
