/** Regions, people who work here, their grants and sessions, the business clock, the calendar, the policy packs. */
export const sql = `
do $$
begin
  if not exists (select from pg_roles where rolname = 'shiming_app') then
    create role shiming_app nologin;
  end if;
exception when duplicate_object or unique_violation then null;
end $$;
do $$
begin
  execute format('grant shiming_app to %I', current_user);
exception when others then null;
end $$;
grant usage on schema public to shiming_app;
grant select on migrations to shiming_app;
alter default privileges in schema public grant select, insert, update, delete on tables to shiming_app;
alter default privileges in schema public grant usage, select on sequences to shiming_app;

create table regions (
  code text primary key,
  parent text references regions (code),
  name_zh text not null,
  name_en text not null,
  level text not null check (level in ('province', 'city', 'county')),
  path text not null unique
);
comment on table regions is 'Administrative divisions by GB/T 2260; path is the codes from the root, joined by /';
create index regions_parent on regions (parent);
create index regions_path on regions (path text_pattern_ops);

create table users (
  id uuid primary key default gen_random_uuid(),
  login text not null unique,
  name text not null,
  password_hash text,
  institution_id uuid,
  locale text not null default 'zh-CN' check (locale in ('zh-CN', 'en')),
  email text,
  active boolean not null default true,
  demo boolean not null default false,
  created_at timestamptz not null default now()
);
create index users_institution on users (institution_id);

create table grants (
  id bigint generated always as identity primary key,
  user_id uuid not null references users (id),
  role text not null,
  region text not null references regions (code),
  granted_by uuid references users (id),
  valid_from date not null default '2020-01-01',
  valid_to date,
  check (granted_by is null or granted_by <> user_id)
);
comment on table grants is 'Role x region; nobody grants to oneself';
create index grants_user on grants (user_id);
create index grants_role_region on grants (role, region);

create table sessions (
  id_hash bytea primary key,
  user_id uuid not null references users (id),
  csrf_token text not null,
  created_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  expires_at timestamptz not null,
  absolute_expires_at timestamptz not null,
  ip text,
  user_agent text
);
create index sessions_user on sessions (user_id);
create index sessions_expiry on sessions (expires_at);

create table kept_forms (
  id_hash bytea primary key,
  user_id uuid references users (id),
  path text not null,
  sealed text not null,
  expires_at timestamptz not null
);
comment on table kept_forms is 'What was typed into a form whose session had ended, sealed, for one hour';
create index kept_forms_expiry on kept_forms (expires_at);

create table rate_limits (
  key text primary key,
  points integer not null default 0,
  expire bigint
);
comment on table rate_limits is 'Counters of attempts, written by rate-limiter-flexible';
create index rate_limits_expire on rate_limits (expire);

create table clock (
  one boolean primary key default true check (one),
  real_epoch timestamptz not null default now(),
  business_epoch timestamptz not null default now(),
  speed double precision not null default 1 check (speed > 0 and speed <= 3600),
  fixed boolean not null default true
);
comment on table clock is 'Business time = business_epoch + (real time - real_epoch) x speed; fixed in production';
insert into clock (one) values (true);
create function business_now() returns timestamptz language sql volatile as
  $$ select case when fixed then clock_timestamp() else business_epoch + (clock_timestamp() - real_epoch) * speed end from clock $$;
create function business_today() returns date language sql volatile as
  $$ select (business_now() at time zone 'Asia/Shanghai')::date $$;
create function wall_instant(business timestamptz) returns timestamptz language sql volatile as
  $$ select case when fixed then business else real_epoch + (business - business_epoch) / speed end from clock $$;
comment on function wall_instant is 'The real instant at which the business clock will show this time';

create table calendar_days (
  day date primary key,
  kind text not null check (kind in ('off', 'work')),
  note text not null,
  source text not null,
  entered_by uuid references users (id),
  entered_at timestamptz not null default now()
);
comment on table calendar_days is 'Local closures and years that came after the built-in table';
create table calendar_years (
  year int primary key,
  source text not null,
  loaded_at timestamptz not null default now()
);
comment on table calendar_years is 'Years whose State Council notice was loaded here, besides the built-in ones';

create table policy_packs (
  id text primary key,
  region text not null references regions (code),
  valid_from date not null,
  valid_to date,
  content jsonb not null,
  digest text not null
);
create index policy_packs_region on policy_packs (region, valid_from);

create table serial_numbers (
  kind text not null,
  scope text not null,
  last bigint not null,
  primary key (kind, scope)
);
comment on table serial_numbers is 'Last number given, by kind of paper and scope (region and year)';
`;
