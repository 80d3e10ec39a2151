/** An institution reads everything it was answered, newest first, over years of classes: each source in its own order. */
export const sql = `
create index tasks_answered on tasks (institution_id, decided_at) where status = 'decided' and kind in ('review', 'change_review', 'inspection', 'reinspection', 'funds');
create index procedures_published on procedures (institution_id, opened_at) where type = 'publicDisclosure';
`;
