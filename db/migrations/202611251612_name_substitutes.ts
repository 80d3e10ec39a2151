/** Substitutes (代理): for a period one officer acts for another of the same role, and whatever was signed counts for both. */
export const sql = `
create table substitutions (
  id uuid primary key default gen_random_uuid(),
  principal uuid not null references users (id),
  substitute uuid not null references users (id),
  role text not null check (not is_administrator_role(role) and not is_institution_role(role)),
  region text not null references regions (code),
  valid_from date not null,
  valid_to date not null,
  reason text not null,
  named_by uuid not null references users (id),
  named_at timestamptz not null,
  revoked_by uuid references users (id),
  revoked_at timestamptz,
  constraint substitutions_two_people check (principal <> substitute),
  constraint substitutions_period check (valid_to > valid_from),
  constraint substitutions_revoked check ((revoked_by is null) = (revoked_at is null))
);
comment on table substitutions is 'substitute acts for principal in one role of one office; valid_to is the first day without it. Never changed, only revoked';
create index substitutions_substitute on substitutions (substitute, valid_to) where revoked_at is null;
create index substitutions_principal on substitutions (principal, valid_to);
create index substitutions_region on substitutions (region, valid_to);
revoke update, delete, truncate on substitutions from shiming_app;
grant update (revoked_by, revoked_at) on substitutions to shiming_app;

create view substitutions_in_force as
  select s.id, s.principal, p.name as principal_name, s.substitute, s.role, s.region, r.path
    from substitutions s
    join users p on p.id = s.principal and p.active
    join users u on u.id = s.substitute and u.active
    join regions r on r.code = s.region
   where s.revoked_at is null and s.valid_from <= business_today() and s.valid_to > business_today()
     and exists (select from grants_in_force g where g.user_id = s.principal and g.role = s.role and g.region = s.region)
     and exists (select from grants_in_force g where g.user_id = s.substitute and g.role = s.role and (r.path = g.path or r.path like g.path || '/%'));
comment on view substitutions_in_force is 'Those of today: as long as the principal holds the role there, and the substitute the same role there or in an office above';
revoke insert, update, delete on substitutions_in_force from shiming_app;

alter table tasks
  add column claimed_for uuid references users (id),
  add column decided_for uuid references users (id),
  add constraint tasks_claimed_for check (claimed_for <> claimed_by),
  add constraint tasks_decided_for check (decided_for <> decided_by);
comment on column tasks.claimed_for is 'The principal for whom the holder has it';
comment on column tasks.decided_for is 'The principal for whom it was decided; four eyes count both';

create function check_substitute() returns trigger language plpgsql as $$
begin
  if not exists (select from substitutions_in_force s
                  where s.principal = new.decided_for and s.substitute = new.decided_by and s.role = new.role and s.region = new.office) then
    raise exception 'nobody decides for somebody else without being named' using errcode = 'check_violation', constraint = 'tasks_substitute_named';
  end if;
  if exists (select from unnest(new.four_eyes) e (one)
              where not exists (select from signatures s where s.scope = e.one and s.user_id = new.decided_for and s.step = new.step)) then
    raise exception 'what a substitute signs is signed for the principal' using errcode = 'check_violation', constraint = 'tasks_signed_for_principal';
  end if;
  return null;
end $$;
create constraint trigger tasks_check_substitute after update on tasks deferrable initially deferred for each row
  when (new.decided_for is not null and old.decided_for is null) execute function check_substitute();
`;
