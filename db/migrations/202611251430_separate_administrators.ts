/** Accounts by set-up link, grants by two people, and the three administrators kept apart from each other and from every case. */
export const sql = `
alter table users
  add column region text references regions (code),
  add column version int not null default 1,
  add column password_changed_at timestamptz;
comment on column users.region is 'The office, or the region of the institution, that the account belongs to: who may administer it';
update users u set region = coalesce((select i.region from institutions i where i.id = u.institution_id),
                                     (select min(g.region) from grants g where g.user_id = u.id));
create index users_region on users (region);
create unique index users_login_whatever_case on users (lower(login));

create table setup_links (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users (id),
  shown_hash bytea not null unique,
  mailed_hash bytea unique,
  issued_by uuid references users (id),
  issued_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz,
  ended_at timestamptz
);
comment on table setup_links is 'One-time links to set a password. Only SHA-256 of the tokens: one shown to the administrator, one mailed; the first one used ends both';
create unique index setup_links_live on setup_links (user_id) where used_at is null and ended_at is null;
create index setup_links_issuer on setup_links (issued_by);

create table grant_requests (
  id uuid primary key default gen_random_uuid(),
  user_id uuid not null references users (id),
  role text not null,
  region text not null references regions (code),
  valid_from date not null,
  valid_to date,
  reason text not null,
  status text not null default 'requested' check (status in ('requested', 'confirmed', 'refused', 'withdrawn')),
  requested_by uuid not null references users (id),
  requested_at timestamptz not null,
  decided_by uuid references users (id),
  decided_at timestamptz,
  constraint grant_requests_not_to_oneself check (requested_by <> user_id),
  constraint grant_requests_two_people check (status not in ('confirmed', 'refused') or decided_by <> requested_by),
  constraint grant_requests_not_by_beneficiary check (decided_by <> user_id),
  constraint grant_requests_decided check ((status = 'requested') = (decided_by is null) and (decided_by is null) = (decided_at is null)),
  constraint grant_requests_period check (valid_to > valid_from)
);
comment on table grant_requests is 'One security administrator asks for a grant, another one confirms it; valid_to is the first day without it';
create unique index grant_requests_open on grant_requests (user_id, role, region) where status = 'requested';
create index grant_requests_waiting on grant_requests (requested_at, id) where status = 'requested';
create index grant_requests_user on grant_requests (user_id);
create index grant_requests_requester on grant_requests (requested_by);

alter table grants
  add column request_id uuid unique references grant_requests (id),
  add column confirmed_by uuid references users (id),
  add column revoked_by uuid references users (id),
  add column revoked_at timestamptz,
  add column revoke_reason text,
  add constraint grants_two_people check (granted_by is null or confirmed_by is null or granted_by <> confirmed_by),
  add constraint grants_not_confirmed_by_oneself check (confirmed_by <> user_id),
  add constraint grants_requested check (request_id is null or (granted_by is not null and confirmed_by is not null)),
  add constraint grants_revoked check ((revoked_by is null) = (revoked_at is null));
comment on column grants.valid_to is 'First day without it; a revoked grant ends on the day of the revocation';

create function is_administrator_role(role text) returns boolean language sql immutable as
  $$ select role in ('system_admin', 'security_admin', 'audit_admin') $$;
create function is_institution_role(role text) returns boolean language sql immutable as
  $$ select role in ('institution', 'assessor') $$;

create function check_grant() returns trigger language plpgsql as $$
declare
  holder users;
begin
  -- Two grants to one person wait for each other here, so that each sees the other.
  select * into holder from users where id = new.user_id for no key update;
  if is_institution_role(new.role) and holder.institution_id is null then
    raise exception 'an institution''s role needs an account of an institution' using errcode = 'check_violation', constraint = 'grants_institution_account';
  end if;
  if not is_institution_role(new.role) and holder.institution_id is not null then
    raise exception 'an office''s role needs an account of an office' using errcode = 'check_violation', constraint = 'grants_office_account';
  end if;
  if exists (select from grants g
              where g.user_id = new.user_id and g.id <> new.id and g.role <> new.role
                and (is_administrator_role(new.role) or is_administrator_role(g.role))
                and daterange(g.valid_from, g.valid_to) && daterange(new.valid_from, new.valid_to)) then
    raise exception 'an administrator has no other role' using errcode = 'check_violation', constraint = 'grants_administrators_apart';
  end if;
  if tg_op = 'INSERT' and new.request_id is not null and not exists (
       select from grant_requests r
        where r.id = new.request_id and r.status = 'confirmed' and r.user_id = new.user_id and r.role = new.role and r.region = new.region
          and r.valid_from = new.valid_from and r.valid_to is not distinct from new.valid_to
          and r.requested_by = new.granted_by and r.decided_by = new.confirmed_by) then
    raise exception 'the grant is not the one that was confirmed' using errcode = 'check_violation', constraint = 'grants_as_confirmed';
  end if;
  return new;
end $$;
create trigger grants_check before insert or update on grants for each row execute function check_grant();

create function check_account() returns trigger language plpgsql as $$
begin
  if new.institution_id is distinct from old.institution_id
     and exists (select from grants where user_id = new.id and (valid_to is null or valid_to > valid_from)) then
    raise exception 'an account with grants stays where it is' using errcode = 'check_violation', constraint = 'users_institution_fixed';
  end if;
  return new;
end $$;
create trigger users_check before update of institution_id on users for each row execute function check_account();

revoke delete, truncate on users from shiming_app;
revoke update, delete, truncate on grants from shiming_app;
grant update (valid_to, revoked_by, revoked_at, revoke_reason) on grants to shiming_app;
revoke update, delete, truncate on grant_requests from shiming_app;
grant update (status, decided_by, decided_at) on grant_requests to shiming_app;
revoke delete, truncate on setup_links from shiming_app;
create index audit_log_act on audit_log (act, id);
create index audit_log_at on audit_log (at, id);
`;
