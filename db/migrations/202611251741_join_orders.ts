/** One order may be about several late signatures of one step: each late task names the order that it was put into. */
export const sql = `
alter table tasks add column order_id text references procedures (id);
comment on column tasks.order_id is 'The order (督办单) of the superior authority about this late task; late signatures of one step share the one of their office';
update tasks t set order_id = p.id from procedures p where p.type = 'supervisionOrder' and p.subject_id = t.id;
create index tasks_order on tasks (order_id) where order_id is not null;
`;
