/** Budgets entered by one finance officer and confirmed by another; the ledger may also be told that a budget was reduced. */
export const sql = `
create table budget_entries (
  id uuid primary key default gen_random_uuid(),
  fund text not null check (fund in ('employment_subsidy', 'unemployment_insurance', 'special_account', 'enterprise_education')),
  year int not null check (year between 2000 and 2099),
  region text not null references regions (code),
  direction text not null check (direction in ('increase', 'reduction')),
  amount_fen bigint not null check (amount_fen > 0),
  document text not null,
  reason text not null,
  status text not null default 'proposed' check (status in ('proposed', 'confirmed', 'refused', 'withdrawn')),
  proposed_by uuid not null references users (id),
  proposed_at timestamptz not null,
  decided_by uuid references users (id),
  decided_at timestamptz,
  constraint budget_entries_two_people check (status not in ('confirmed', 'refused') or decided_by <> proposed_by),
  constraint budget_entries_decided check ((status = 'proposed') = (decided_by is null) and (decided_by is null) = (decided_at is null))
);
comment on table budget_entries is 'A budget is what was confirmed here: increases and reductions, each by its document (文号); confirmed ones are posted to the ledger under their id';
create unique index budget_entries_document on budget_entries (fund, year, region, direction, document) where status in ('proposed', 'confirmed');
create index budget_entries_region on budget_entries (region, proposed_at);
create index budget_entries_proposer on budget_entries (proposed_by);
revoke update, delete, truncate on budget_entries from shiming_app;
grant update (status, decided_by, decided_at) on budget_entries to shiming_app;

alter table ledger_entries drop constraint ledger_entries_kind_check;
alter table ledger_entries add constraint ledger_entries_kind_check
  check (kind in ('budget', 'budget_reduction', 'commitment', 'release', 'dispatch', 'payment', 'bank_return'));
`;
