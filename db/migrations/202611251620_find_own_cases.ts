/** The first page of an institution reads what is its own: its procedures. */
export const sql = `
create index procedures_institution on procedures (institution_id, type) where institution_id is not null;
`;
