/** A demonstration says how far its province has been filled, and goes on there after a restart. */
export const sql = `
create table demonstration_filling (
  one boolean primary key default true check (one),
  planned int not null check (planned > 0),
  entered int not null default 0 check (entered >= 0),
  until date not null,
  begun_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  ended text check (ended in ('until', 'stopped')),
  check ((ended is null) = (ended_at is null))
);
comment on table demonstration_filling is 'Demonstration only: the classes that the robot enters and lives through by the business day until; stopped when a visitor drafts a class';
`;
