/** What somebody has typed into a long form and not sent yet: kept while it is typed, for that person alone. */
export const sql = `
create table kept_drafts (
  user_id uuid not null references users (id),
  form text not null,
  sealed text not null,
  saved_at timestamptz not null,
  expires_at timestamptz not null,
  primary key (user_id, form)
);
comment on table kept_drafts is 'Fields of a form as typed so far, sealed because anything may have been typed; saved_at in business time, gone 30 real days later';
create index kept_drafts_expiry on kept_drafts (expires_at);
`;
