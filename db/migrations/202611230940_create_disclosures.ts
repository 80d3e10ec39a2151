/** Public lists as immutable snapshots, and objections to them. */
export const sql = `
create table disclosures (
  id uuid primary key default gen_random_uuid(),
  number text not null unique,
  list text not null check (list in ('plan', 'conduct', 'result', 'subsidy', 'payment')),
  class_id uuid not null references classes (id),
  procedure_id text not null unique,
  parent_procedure_id text not null references procedures (id),
  region text not null references regions (code),
  blocks boolean not null,
  title text not null,
  snapshot jsonb not null,
  digest text not null,
  published_at timestamptz not null,
  from_date date not null,
  due_date date not null,
  due_at timestamptz not null,
  working_days int not null,
  provisional boolean not null default false,
  status text not null default 'open' check (status in ('open', 'ended')),
  ended_at timestamptz
);
comment on table disclosures is 'One publication (公开) or notice (公示); snapshot is already masked and never changes';
create index disclosures_class on disclosures (class_id);
create index disclosures_region on disclosures (region, published_at);
create index disclosures_open on disclosures (status, due_at);
create function disclosures_immutable() returns trigger language plpgsql as $$
begin
  if new.snapshot <> old.snapshot or new.digest <> old.digest or new.number <> old.number or new.published_at <> old.published_at then
    raise exception 'a disclosure is immutable';
  end if;
  return new;
end $$;
create trigger disclosures_immutable before update on disclosures for each row execute function disclosures_immutable();
revoke delete, truncate on disclosures from shiming_app;

create table objections (
  id uuid primary key default gen_random_uuid(),
  receipt text not null unique,
  procedure_id text not null unique,
  disclosure_id uuid not null references disclosures (id),
  class_id uuid not null references classes (id),
  enrolment_id uuid references enrolments (id),
  grounds text not null,
  contact_sealed text,
  raised_at timestamptz not null,
  status text not null default 'open' check (status in ('open', 'upheld', 'dismissed')),
  answer text,
  decided_by uuid references users (id),
  decided_at timestamptz
);
create index objections_disclosure on objections (disclosure_id);
create index objections_class on objections (class_id);
create index objections_enrolment on objections (enrolment_id);
`;
