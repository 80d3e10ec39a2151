/** Boards of large regions are counted by the worker each minute; their pages say when. */
export const sql = `
create table kept_boards (
  region text primary key references regions (code),
  looked_at timestamptz not null,
  counted_at timestamptz,
  board jsonb,
  check ((counted_at is null) = (board is null))
);
comment on table kept_boards is 'Figures of a supervisor''s board at the business instant counted_at, for regions in which so much is on record that their page would wait for them; the others have no board here';
comment on column kept_boards.looked_at is 'Real time at which a worker last looked at the region, so that one of several does it, once a minute';
comment on column kept_boards.board is 'What is counted: numbers, codes of steps and roles, days, ids and names of officers';
`;
