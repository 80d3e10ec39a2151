/** The account that an office pays from is proposed by one payment officer and confirmed by another. */
export const sql = `
create table paying_account_proposals (
  id uuid primary key default gen_random_uuid(),
  region text not null references regions (code),
  fund text not null check (fund in ('employment_subsidy', 'unemployment_insurance', 'special_account', 'enterprise_education')),
  name text not null,
  account text not null check (account ~ '^[0-9]{8,32}$'),
  bank_template text not null,
  reason text not null,
  status text not null default 'proposed' check (status in ('proposed', 'confirmed', 'refused', 'withdrawn')),
  proposed_by uuid not null references users (id),
  proposed_at timestamptz not null,
  decided_by uuid references users (id),
  decided_at timestamptz,
  unique (id, region, fund, account),
  constraint paying_account_proposals_two_people check (status not in ('confirmed', 'refused') or decided_by <> proposed_by),
  constraint paying_account_proposals_decided check ((status = 'proposed') = (decided_by is null) and (decided_by is null) = (decided_at is null))
);
comment on table paying_account_proposals is 'Every account that an office ever proposed to pay from; the confirmed one that came last is in paying_accounts';
create unique index paying_account_proposals_waiting on paying_account_proposals (region, fund) where status = 'proposed';
create index paying_account_proposals_region on paying_account_proposals (region, proposed_at);
create index paying_account_proposals_proposer on paying_account_proposals (proposed_by);
revoke update, delete, truncate on paying_account_proposals from shiming_app;
grant update (status, decided_by, decided_at) on paying_account_proposals to shiming_app;

alter table paying_accounts
  add column proposal_id uuid unique,
  add constraint paying_accounts_as_confirmed foreign key (proposal_id, region, fund, account) references paying_account_proposals (id, region, fund, account);
comment on column paying_accounts.proposal_id is 'Who proposed and confirmed it; null for those of the demonstration';
revoke delete, truncate on paying_accounts from shiming_app;
`;
