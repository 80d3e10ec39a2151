/** Subsidy applications, payment lines and batches, and the double-entry fund ledger. Money is integer fen. */
export const sql = `
create table ledger_accounts (
  id bigint generated always as identity primary key,
  fund text not null,
  year int not null,
  region text not null references regions (code),
  kind text not null check (kind in ('budget', 'available', 'committed', 'in_transit', 'paid')),
  balance_fen bigint not null default 0 check (balance_fen >= 0),
  unique (fund, year, region, kind)
);
comment on column ledger_accounts.balance_fen is 'Kept by trigger from the postings; budget grows by credit, the others by debit; never negative';

create table ledger_entries (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('budget', 'commitment', 'release', 'dispatch', 'payment', 'bank_return')),
  reference text not null,
  class_id uuid references classes (id),
  actor uuid,
  at timestamptz not null,
  unique (kind, reference)
);
comment on table ledger_entries is 'One business event each; (kind, reference) makes a repeated event post nothing';
create index ledger_entries_class on ledger_entries (class_id);

create table ledger_postings (
  entry_id bigint not null references ledger_entries (id),
  account_id bigint not null references ledger_accounts (id),
  side text not null check (side in ('debit', 'credit')),
  amount_fen bigint not null check (amount_fen > 0),
  primary key (entry_id, account_id, side)
);
create index ledger_postings_account on ledger_postings (account_id);

create function ledger_post() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update ledger_accounts
     set balance_fen = balance_fen + case when (kind = 'budget') = (new.side = 'credit') then new.amount_fen else -new.amount_fen end
   where id = new.account_id;
  return new;
end $$;
create trigger ledger_post after insert on ledger_postings for each row execute function ledger_post();
create function ledger_balanced() returns trigger language plpgsql as $$
begin
  if (select coalesce(sum(case side when 'debit' then amount_fen else -amount_fen end), 0) from ledger_postings where entry_id = new.entry_id) <> 0 then
    raise exception 'ledger entry % is not balanced', new.entry_id using errcode = 'check_violation';
  end if;
  if (select count(distinct (a.fund, a.year, a.region)) from ledger_postings p join ledger_accounts a on a.id = p.account_id where p.entry_id = new.entry_id) <> 1 then
    raise exception 'ledger entry % mixes funds, years or regions', new.entry_id using errcode = 'check_violation';
  end if;
  return null;
end $$;
create constraint trigger ledger_balanced after insert on ledger_postings deferrable initially deferred for each row execute function ledger_balanced();
revoke update, delete, truncate on ledger_entries, ledger_postings from shiming_app;
-- Accounts open empty and move by postings alone.
revoke insert, update, delete, truncate on ledger_accounts from shiming_app;
grant insert (fund, year, region, kind) on ledger_accounts to shiming_app;

create table subsidy_applications (
  id uuid primary key default gen_random_uuid(),
  number text not null unique,
  class_id uuid not null unique references classes (id),
  procedure_id text not null unique references procedures (id),
  region text not null references regions (code),
  fund text not null,
  year int not null,
  total_fen bigint not null check (total_fen >= 0),
  approved_fen bigint check (approved_fen >= 0),
  status text not null default 'in_review' check (status in ('in_review', 'correction', 'notice', 'approval', 'approved', 'paying', 'paid', 'refused', 'withdrawn', 'expired')),
  submitted_at timestamptz not null
);

create table paying_accounts (
  region text not null references regions (code),
  fund text not null,
  name text not null,
  account text not null,
  bank_template text not null,
  primary key (region, fund)
);
comment on table paying_accounts is 'The special account (专户) that an office pays a fund from, and the form in which its bank takes files';

create table payment_batches (
  id uuid primary key default gen_random_uuid(),
  number text not null unique,
  procedure_id text not null unique references procedures (id),
  region text not null references regions (code),
  fund text not null,
  year int not null,
  line_count int not null check (line_count > 0),
  total_fen bigint not null check (total_fen > 0),
  payer_name text not null,
  payer_account text not null,
  bank_template text not null,
  status text not null default 'made' check (status in ('made', 'checked', 'released', 'answered', 'cancelled')),
  made_by uuid not null references users (id),
  made_at timestamptz not null,
  checked_by uuid references users (id),
  checked_at timestamptz,
  released_by uuid references users (id),
  released_at timestamptz,
  bank_file_sealed text,
  bank_file_digest text,
  answered_at timestamptz,
  answer_digest text,
  check (checked_by is null or checked_by <> made_by),
  check (released_by is null or (released_by <> made_by and released_by <> checked_by))
);
create index payment_batches_region on payment_batches (region, made_at);

create table payment_lines (
  id uuid primary key default gen_random_uuid(),
  application_id uuid not null references subsidy_applications (id),
  class_id uuid not null,
  person_id uuid not null,
  enrolment_id uuid not null references enrolments (id),
  item text not null default 'training' check (item in ('training', 'assessment', 'living_allowance')),
  standard_fen bigint not null check (standard_fen >= 0),
  percent numeric(6, 2) not null,
  amount_fen bigint not null check (amount_fen > 0),
  trace jsonb not null,
  status text not null default 'claimed' check (status in ('claimed', 'approved', 'excluded', 'in_batch', 'sent', 'paid', 'failed')),
  status_reason text,
  committed boolean not null default false,
  paid_at timestamptz,
  unique (class_id, person_id, item),
  foreign key (class_id, person_id) references filed_enrolments (class_id, person_id)
);
comment on table payment_lines is 'A line can exist only for a verified enrolment in a filed class';
create index payment_lines_application on payment_lines (application_id);
create index payment_lines_person on payment_lines (person_id);
revoke delete, truncate on payment_lines from shiming_app;

create table payment_attempts (
  line_id uuid not null references payment_lines (id),
  number int not null check (number > 0),
  batch_id uuid not null references payment_batches (id),
  reference text not null unique,
  serial int not null,
  account_masked text not null,
  account_index bytea not null,
  bank_name text not null,
  status text not null default 'planned' check (status in ('planned', 'sent', 'paid', 'failed', 'cancelled')),
  reason_code text,
  reason text,
  bank_serial text,
  answered_at timestamptz,
  primary key (line_id, number),
  unique (batch_id, line_id)
);
comment on column payment_batches.bank_file_sealed is 'Holds full account numbers: sealed; the digest is SHA-256 of the file itself, hex';
comment on column payment_attempts.account_index is 'With bank_name: where this sending went, so that a corrected account is known to be another one';
comment on table payment_attempts is 'Each sending of a line to the bank; at most one attempt of a line is alive';
create unique index payment_attempts_alive on payment_attempts (line_id) where status in ('planned', 'sent', 'paid');
create index payment_attempts_batch on payment_attempts (batch_id, serial);
`;
