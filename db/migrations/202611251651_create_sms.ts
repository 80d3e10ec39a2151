/** Short messages to the contact persons of institutions, and the telephone number that they go to. */
export const sql = `
alter table institutions
  add column contact_phone_sealed text,
  add column contact_phone_masked text,
  add constraint institutions_contact_phone check ((contact_phone_sealed is null) = (contact_phone_masked is null));
comment on column institutions.contact_phone_sealed is 'Mobile phone of the contact person, sealed; short messages go there';

create table sms (
  id uuid primary key default gen_random_uuid(),
  institution_id uuid not null references institutions (id),
  template text not null,
  params jsonb not null default '{}',
  dedupe text not null unique,
  phone_masked text not null,
  created_at timestamptz not null,
  status text not null default 'waiting' check (status in ('waiting', 'sent', 'kept', 'failed', 'refused')),
  text text,
  attempts int not null default 0,
  next_at timestamptz not null default now(),
  failure text,
  reference text,
  simulated boolean not null default false,
  sent_at timestamptz
);
comment on table sms is 'Short messages; kept = no gateway is configured, refused = the gateway does not take the number. Params hold numbers of classes and papers, nothing about persons';
create index sms_queue on sms (next_at) where status = 'waiting';
create index sms_institution on sms (institution_id, created_at);
revoke delete, truncate on sms from shiming_app;
`;
