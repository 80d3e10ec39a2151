/** Materials of a class (材料): what an institution attaches for the review before the training, and which officer has read what. */
export const sql = `
create table class_materials (
  id uuid primary key,
  class_id uuid not null references classes (id),
  kind text not null check (kind in ('plan', 'teachers', 'venue', 'group', 'other')),
  name text not null check (length(name) between 1 and 200),
  type text not null check (type in ('application/pdf', 'image/jpeg', 'image/png')),
  size int not null check (size between 1 and 10000000),
  sha256 bytea not null check (length(sha256) = 32),
  content_sealed bytea not null,
  uploaded_by uuid not null references users (id),
  uploaded_at timestamptz not null,
  removed_by uuid references users (id),
  removed_at timestamptz,
  replaced_by uuid references class_materials (id),
  check ((removed_by is null) = (removed_at is null)),
  check (replaced_by is null or removed_at is not null)
);
comment on table class_materials is 'Materials may show identity cards: content is sealed. Removed before an officer has opened it a material is deleted, afterwards it stays with removed_at';
comment on column class_materials.sha256 is 'Of the content before it was sealed';
create index class_materials_class on class_materials (class_id, uploaded_at);
create index class_materials_replaced on class_materials (replaced_by);
create unique index class_materials_same on class_materials (class_id, kind, sha256) where removed_at is null;
-- Sealed content does not compress.
alter table class_materials alter column content_sealed set storage external;

create table material_views (
  material_id uuid not null references class_materials (id),
  user_id uuid not null references users (id),
  first_at timestamptz not null,
  primary key (material_id, user_id)
);
comment on table material_views is 'Who outside the institution has opened what; each opening is also a line of the audit log';
create index material_views_user on material_views (user_id);
revoke update, delete, truncate on material_views from shiming_app;
`;
