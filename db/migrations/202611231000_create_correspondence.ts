/** Papers with number, date and signatory; mails; what the simulators were told to answer. */
export const sql = `
create table papers (
  id uuid primary key default gen_random_uuid(),
  kind text not null,
  number text not null,
  class_id uuid references classes (id),
  procedure_id text references procedures (id),
  task_id text,
  region text not null references regions (code),
  issued_at timestamptz not null,
  signatory uuid references users (id),
  content jsonb not null,
  unique (kind, number),
  unique (kind, procedure_id, task_id)
);
comment on table papers is 'Official papers (文书) as issued; printed on A4';
create index papers_class on papers (class_id, issued_at);
revoke update, delete, truncate on papers from shiming_app;

create table mails (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users (id),
  template text not null,
  params jsonb not null default '{}',
  dedupe text not null unique,
  created_at timestamptz not null,
  status text not null default 'queued' check (status in ('queued', 'sent', 'kept', 'failed')),
  subject text,
  html text,
  body text,
  attempts int not null default 0,
  next_at timestamptz not null default now(),
  sent_at timestamptz
);
comment on table mails is 'Mails to people of the office and the institutions; kept = no mail server is configured. Params hold numbers and titles, no personal data';
create index mails_queue on mails (next_at) where status = 'queued';
create index mails_user on mails (user_id, created_at);
`;
