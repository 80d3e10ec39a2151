/** Acts on many tasks at once: one job, worked off item by item. Views of the inbox that somebody gave a name. */
export const sql = `
create table bulk_jobs (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users (id),
  act text not null check (act in ('claim', 'release', 'approve')),
  list text not null default '',
  status text not null default 'checking' check (status in ('checking', 'preview', 'running', 'finished')),
  left_out int not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  confirmed_at timestamptz,
  moved_at timestamptz not null default clock_timestamp(),
  finished_at timestamptz,
  check ((status in ('running', 'finished')) = (confirmed_at is not null)),
  check ((status = 'finished') = (finished_at is not null))
);
comment on table bulk_jobs is 'One act on many tasks: previewed, confirmed once, then worked off item by item. list: query of the inbox that it came from; left_out: tasks of that list beyond the limit; moved_at: when it last went on';
create index bulk_jobs_unfinished on bulk_jobs (moved_at) where status <> 'finished';
create index bulk_jobs_age on bulk_jobs (created_at);
create index bulk_jobs_user on bulk_jobs (user_id);

create table bulk_items (
  job_id uuid not null references bulk_jobs (id) on delete cascade,
  no int not null check (no > 0),
  task_id text not null,
  version int not null,
  status text not null default 'unchecked' check (status in ('unchecked', 'waiting', 'done', 'refused')),
  attempts int not null default 0,
  code text,
  params jsonb not null default '{}',
  settled_at timestamptz,
  primary key (job_id, no),
  unique (job_id, task_id),
  check ((status = 'refused') = (code is not null))
);
comment on table bulk_items is 'done is written in the transaction of the act itself; refused says by its code (a key of the errors in words) why not';
create index bulk_items_waiting on bulk_items (job_id, no) where status in ('unchecked', 'waiting');

create table saved_views (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users (id),
  name text not null check (length(name) between 1 and 40),
  list text not null,
  created_at timestamptz not null default clock_timestamp(),
  unique (user_id, name)
);
comment on table saved_views is 'A filter of the inbox under a name of its owner; list is its query, so that the address stays what is shared';
`;
