/** Versions of the letters of the office: what an administrator wrote in place of the shipped words. */
export const sql = `
create table letter_versions (
  channel text not null check (channel in ('mail', 'sms')),
  name text not null,
  version int not null check (version >= 1),
  content jsonb not null,
  reason text not null,
  author uuid not null references users (id),
  saved_at timestamptz not null,
  restores int check (restores >= 0),
  primary key (channel, name, version)
);
comment on table letter_versions is 'Mails and short messages; the highest version is in force, without one the shipped words are (version 0)';
comment on column letter_versions.restores is 'The earlier version whose words it brings back; 0 the shipped ones';
create index letter_versions_author on letter_versions (author);
revoke update, delete, truncate on letter_versions from shiming_app;
alter table mails add column letter_version int;
alter table sms add column letter_version int;
comment on column mails.letter_version is 'Version of the letter that it was written by; 0 as shipped';
`;
