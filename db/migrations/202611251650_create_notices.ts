/** Notices inside the product (站内通知): what concerns one person, written in the transaction of the act that it tells of. */
export const sql = `
create table notices (
  id uuid primary key default gen_random_uuid(),
  no bigint generated always as identity unique,
  user_id uuid not null references users (id),
  occasion text not null,
  key text not null,
  params jsonb not null default '{}',
  task_id text,
  class_id uuid references classes (id),
  author uuid references users (id),
  remark text check (length(remark) between 1 and 200),
  created_at timestamptz not null,
  read_at timestamptz,
  unique (user_id, occasion, key)
);
comment on table notices is 'Words come by key in the language of the reader; params hold numbers, titles and dates, no personal data';
comment on column notices.key is 'Names the event: one notice per person and event';
comment on column notices.author is 'Who did it; told to officers only';
comment on column notices.remark is 'Words of a copy (抄送), without personal numbers';
create index notices_user on notices (user_id, no desc);
create index notices_unread on notices (user_id) where read_at is null;
create index notices_class on notices (class_id) where class_id is not null;
create index notices_author on notices (author) where author is not null;
revoke delete, truncate on notices from shiming_app;
`;
