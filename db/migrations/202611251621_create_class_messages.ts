/** The conversation (沟通) of the office and an institution about a class: said once, kept for good; who of the other side has read what. */
export const sql = `
create table class_messages (
  id uuid primary key default gen_random_uuid(),
  no bigint generated always as identity unique,
  class_id uuid not null references classes (id),
  side text not null check (side in ('office', 'institution')),
  author uuid not null references users (id),
  office text references regions (code),
  body text not null check (length(body) between 1 and 2000),
  sent_at timestamptz not null,
  check ((side = 'office') = (office is not null))
);
comment on table class_messages is 'Append only. The digest of the words is in the audit chain of the class, so that a changed line is seen';
comment on column class_messages.office is 'Region of the grant under which an officer wrote';
create index class_messages_class on class_messages (class_id, no);
revoke update, delete, truncate on class_messages from shiming_app;

create table class_message_reads (
  message_id uuid not null references class_messages (id),
  user_id uuid not null references users (id),
  read_at timestamptz not null,
  primary key (message_id, user_id)
);
comment on table class_message_reads is 'Who of the other side opened a message, and when first';
create index class_message_reads_user on class_message_reads (user_id);
revoke update, delete, truncate on class_message_reads from shiming_app;
`;
