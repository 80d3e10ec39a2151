/** A page of the ledger of some accounts reads the newest entries of each, and of kinds that are rare all of them; what found the postings of an account before is part of it. */
export const sql = `
create index ledger_postings_newest on ledger_postings (account_id, entry_id desc);
drop index ledger_postings_account;
create index ledger_entries_kind on ledger_entries (kind, id desc);
`;
