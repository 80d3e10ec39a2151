/**
 * The index of what is open in a region holds what is searched for in it: open tasks lie one to a page of a large table, and a search for a word read
 * as many pages as there are tasks. A title and a name are at most 200 characters, within what a line of an index can hold.
 */
export const sql = `
drop index tasks_region;
create index tasks_region on tasks (office_path text_pattern_ops, due_at, id)
  include (priority, kind, procedure_id, class_id, subject_number, subject_title, institution_name)
  where status = 'open' and role not in ('clock', 'institution', 'assessor');
`;
