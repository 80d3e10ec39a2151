/** How sessions, passwords and locks are set: asked for by one security administrator, in force with the word of another one. */
export const sql = `
create table security_settings (
  id uuid primary key default gen_random_uuid(),
  idle_minutes int not null check (idle_minutes >= 5 and idle_minutes <= 120),
  longest_hours int not null check (longest_hours >= 1 and longest_hours <= 24),
  attempts int not null check (attempts >= 3 and attempts <= 20),
  lock_minutes int not null check (lock_minutes >= 5 and lock_minutes <= 1440),
  password_days int not null check (password_days >= 0 and password_days <= 365),
  stale_days int not null check (stale_days >= 30 and stale_days <= 730),
  reason text not null,
  status text not null default 'requested' check (status in ('requested', 'in_force', 'former', 'refused', 'withdrawn')),
  requested_by uuid references users (id),
  requested_at timestamptz,
  decided_by uuid references users (id),
  decided_at timestamptz,
  constraint security_settings_two_people check (requested_by is null or status not in ('in_force', 'former', 'refused') or decided_by <> requested_by),
  constraint security_settings_withdrawn check (status <> 'withdrawn' or decided_by = requested_by),
  constraint security_settings_decided check (requested_by is null or (status = 'requested') = (decided_by is null) and (decided_by is null) = (decided_at is null))
);
comment on table security_settings is 'Versions; one is in force. The first one is what is shipped, asked for by nobody';
create unique index security_settings_in_force on security_settings ((true)) where status = 'in_force';
create unique index security_settings_requested on security_settings ((true)) where status = 'requested';
create index security_settings_decided on security_settings (decided_at desc);
insert into security_settings (idle_minutes, longest_hours, attempts, lock_minutes, password_days, stale_days, reason, status)
values (60, 12, 10, 15, 90, 90, '', 'in_force');
revoke update, delete, truncate on security_settings from shiming_app;
grant update (status, decided_by, decided_at) on security_settings to shiming_app;

alter table sessions add column must_change boolean not null default false;
comment on column sessions.must_change is 'Begun with a password that is too old: it opens nothing but the page on which it is changed';

create table sign_ins (
  user_id uuid primary key references users (id),
  at timestamptz not null
);
comment on table sign_ins is 'When each person signed in last, on real time; beside users, whose changes renew what processes keep of accounts';
create index sign_ins_at on sign_ins (at);
revoke delete, truncate on sign_ins from shiming_app;
`;
