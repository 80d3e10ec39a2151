/** Benefits paid before the system began come in by file; the same file and the same row change nothing the second time. */
export const sql = `
create table prior_benefit_uploads (
  id uuid primary key default gen_random_uuid(),
  region text not null references regions (code),
  file_name text not null,
  digest text not null,
  row_count int not null check (row_count > 0),
  added_count int not null check (added_count between 0 and row_count),
  uploaded_by uuid not null references users (id),
  uploaded_at timestamptz not null,
  withdrawn_by uuid references users (id),
  withdrawn_at timestamptz,
  withdraw_reason text,
  constraint prior_benefit_uploads_withdrawn check ((withdrawn_by is null) = (withdrawn_at is null) and (withdrawn_by is null) = (withdraw_reason is null))
);
comment on table prior_benefit_uploads is 'Files of earlier benefits (历史享受记录补录): who, when, how many rows were new. The file itself is not kept; digest is its SHA-256';
create unique index prior_benefit_uploads_once on prior_benefit_uploads (region, digest) where withdrawn_at is null;
create index prior_benefit_uploads_region on prior_benefit_uploads (region, uploaded_at);
revoke update, delete, truncate on prior_benefit_uploads from shiming_app;
grant update (added_count, withdrawn_by, withdrawn_at, withdraw_reason) on prior_benefit_uploads to shiming_app;

alter table prior_benefits
  add column institution text not null default '',
  add column paid_on date,
  add column upload_id uuid references prior_benefit_uploads (id);
create index prior_benefits_upload on prior_benefits (upload_id);
create index prior_benefits_region on prior_benefits (region, year);
create unique index prior_benefits_once on prior_benefits (person_id, occupation, level, year, amount_fen, institution, paid_on) nulls not distinct;
`;
