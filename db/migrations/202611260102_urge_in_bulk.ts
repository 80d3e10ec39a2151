/** A supervisor presses for many tasks at once, as a job like the other bulk acts. */
export const sql = `
alter table bulk_jobs
  drop constraint bulk_jobs_act_check,
  add constraint bulk_jobs_act_check check (act in ('claim', 'release', 'approve', 'reassign', 'urge'));
`;
