/** An entry of the ledger says itself which fund, year and region it is of, so that a page of it is read from the newest entries of each region. */
export const sql = `
alter table ledger_entries add column fund text, add column year int, add column region text references regions (code);
comment on column ledger_entries.region is 'With fund and year what both its accounts are of: ledger_balanced refuses anything else';
update ledger_entries e set fund = a.fund, year = a.year, region = a.region
  from ledger_postings p join ledger_accounts a on a.id = p.account_id where p.entry_id = e.id and p.side = 'debit';
alter table ledger_entries alter column fund set not null, alter column year set not null, alter column region set not null;
create index ledger_entries_region on ledger_entries (region, id desc);
create index ledger_entries_year on ledger_entries (region, year, id desc);
drop index ledger_entries_kind;
create index ledger_entries_kind on ledger_entries (region, kind, id desc);

create or replace function ledger_balanced() returns trigger language plpgsql as $$
begin
  if (select coalesce(sum(case side when 'debit' then amount_fen else -amount_fen end), 0) from ledger_postings where entry_id = new.entry_id) <> 0 then
    raise exception 'ledger entry % is not balanced', new.entry_id using errcode = 'check_violation';
  end if;
  if exists (select from ledger_postings p join ledger_accounts a on a.id = p.account_id join ledger_entries e on e.id = p.entry_id
              where p.entry_id = new.entry_id and (a.fund, a.year, a.region) is distinct from (e.fund, e.year, e.region)) then
    raise exception 'ledger entry % mixes funds, years or regions', new.entry_id using errcode = 'check_violation';
  end if;
  return null;
end $$;
`;
