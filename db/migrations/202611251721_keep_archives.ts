/** Figures of institutions with many classes are counted by the worker every ten minutes; their archives say when. */
export const sql = `
create table kept_archives (
  institution_id uuid primary key references institutions (id),
  looked_at timestamptz not null,
  counted_at timestamptz,
  figures jsonb,
  check ((counted_at is null) = (figures is null))
);
comment on table kept_archives is 'Figures of an institution since the beginning at the business instant counted_at, for institutions with so many classes that their archive would wait for them; the others have no figures here';
comment on column kept_archives.looked_at is 'Real time at which a worker last looked at the institution, so that one of several does it, every ten minutes';
`;
