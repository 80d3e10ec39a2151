/** Mails of one reader and one morning go out as one. */
export const sql = `
alter table mails
  add column digest date,
  add column merged_into uuid references mails (id),
  drop constraint mails_status_check,
  add constraint mails_status_check check (status in ('queued', 'sent', 'kept', 'failed', 'merged')),
  add constraint mails_merged check ((status = 'merged') = (merged_into is not null));
comment on column mails.digest is 'Business day on which it may go out together with others to the same reader; null: alone, at once';
comment on column mails.merged_into is 'The mail that went out in place of this one and tells of it';
create index mails_digest on mails (user_id, digest) where status = 'queued' and digest is not null;
`;
