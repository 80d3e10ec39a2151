/** A roster that would replace another one waits, compared, until it is confirmed. */
export const sql = `
create table roster_uploads (
  id uuid primary key,
  class_id uuid not null references classes (id),
  class_version int not null,
  created_by uuid not null references users (id),
  content_sealed text not null,
  created_at timestamptz not null default now()
);
comment on table roster_uploads is 'Rosters compared with the one they would replace, sealed because they hold what was uploaded; kept for an hour';
comment on column roster_uploads.class_version is 'The version of the class that it was compared with: of another one nothing can be confirmed';
create index roster_uploads_age on roster_uploads (created_at);
create index roster_uploads_class on roster_uploads (class_id);
`;
