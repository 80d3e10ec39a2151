/** Whether anybody who may decide a task has opened it: until then the decision that led to it can be taken back. */
export const sql = `
alter table tasks add column read_at timestamptz;
comment on column tasks.read_at is 'First opened by somebody who may decide it';
`;
