/** Policy packs come in through the counter: uploaded by one catalogue officer, put in force by another, never changed afterwards. */
export const sql = `
create table pack_uploads (
  id uuid primary key default gen_random_uuid(),
  pack_id text not null,
  region text not null references regions (code),
  content jsonb not null,
  digest text not null,
  file_name text not null,
  status text not null default 'proposed' check (status in ('proposed', 'confirmed', 'refused', 'withdrawn')),
  proposed_by uuid not null references users (id),
  proposed_at timestamptz not null,
  decided_by uuid references users (id),
  decided_at timestamptz,
  in_force_from date,
  unique (id, pack_id, digest),
  constraint pack_uploads_two_people check (status not in ('confirmed', 'refused') or decided_by <> proposed_by),
  constraint pack_uploads_decided check ((status = 'proposed') = (decided_by is null) and (decided_by is null) = (decided_at is null)),
  constraint pack_uploads_from check ((status = 'confirmed') = (in_force_from is not null))
);
comment on table pack_uploads is 'What was uploaded, word for word; confirmed by a second catalogue officer it is a policy pack in force from in_force_from';
create unique index pack_uploads_live on pack_uploads (pack_id) where status in ('proposed', 'confirmed');
create index pack_uploads_region on pack_uploads (region, proposed_at);
create index pack_uploads_proposer on pack_uploads (proposed_by);
revoke update, delete, truncate on pack_uploads from shiming_app;
grant update (status, decided_by, decided_at, in_force_from) on pack_uploads to shiming_app;

alter table policy_packs
  add column upload_id uuid unique,
  add constraint policy_packs_as_confirmed foreign key (upload_id, id, digest) references pack_uploads (id, pack_id, digest);
comment on column policy_packs.upload_id is 'Who uploaded it and who put it in force; null for packs that were loaded with the program';
create unique index policy_packs_one_a_day on policy_packs (region, valid_from);
revoke update, delete, truncate on policy_packs from shiming_app;
`;
