/** The reconciler also writes down procedures without a task, and tasks whose procedure is not open. */
export const sql = `
alter table operation_findings drop constraint operation_findings_code_check;
alter table operation_findings add constraint operation_findings_code_check
  check (code in ('standing_still', 'run_missing', 'run_ended', 'run_failing', 'run_retrying', 'no_task', 'closed_task'));
`;
