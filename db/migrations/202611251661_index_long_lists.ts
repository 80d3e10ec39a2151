/** What the pages of a province with years behind it read, in the order in which they read it. */
export const sql = `
create index classes_region_newest on classes (region, created_at, id);
create index disclosures_published on disclosures (published_at);
create index disclosures_list_published on disclosures (list, published_at);
create index mails_newest on mails (created_at desc, id);
-- The board counts what was decided in time, by week and by person, from the index alone.
create index tasks_decided_by on tasks (office, decided_at) include (role, due_at, decided_by) where status = 'decided';
drop index tasks_decided;
-- Procedures without an open task, and open tasks without a procedure that goes on, are found beside each other.
create index tasks_open_of on tasks (procedure_id) where status = 'open';
create index procedures_withdrawn on procedures (id) where status = 'withdrawn';
`;
