/**
 * A set-up link works at once for a brand-new account only: of every other one a security administrator releases it first, so that whoever issues links
 * becomes nobody else by one. A password set by a link that nobody released is worth nothing once the account may do something.
 */
export const sql = `
alter table setup_links
  add column released_by uuid references users (id),
  add column released_at timestamptz,
  add constraint setup_links_released check ((released_by is null) = (released_at is null)),
  add constraint setup_links_two_people check (released_by <> issued_by and released_by <> user_id);
create index setup_links_releaser on setup_links (released_by) where released_by is not null;

create function is_held_link(link setup_links) returns boolean language sql stable as
  $$ select link.issued_by is not null and link.released_at is null
       and (exists (select from users u where u.id = link.user_id and (u.password_hash is not null or u.password_changed_at is not null))
            or exists (select from grants g where g.user_id = link.user_id)
            or exists (select from grant_requests q where q.user_id = link.user_id and q.status = 'requested')) $$;
comment on function is_held_link(setup_links) is 'Not released, of an account that has had a password or a grant, or for which one is asked; the first administrators'' links are issued by nobody';

create function has_unproven_password(person uuid) returns boolean language sql stable as
  $$ select exists (select from users u where u.id = person and u.password_hash is not null)
       and not exists (select from grants g where g.user_id = person)
       and not coalesce((select l.issued_by is null or l.released_at is not null from setup_links l
                          where l.user_id = person and l.used_at is not null order by l.used_at desc limit 1), false) $$;
comment on function has_unproven_password(uuid) is 'Set by a link that nobody released, before the account had any grant: the first grant ends it';

create function check_setup() returns trigger language plpgsql as $$
begin
  if is_held_link(new) then
    raise exception 'a security administrator releases this link first' using errcode = 'check_violation', constraint = 'setup_links_held';
  end if;
  return new;
end $$;
create function check_password_of_grant() returns trigger language plpgsql as $$
begin
  if new.request_id is not null and has_unproven_password(new.user_id) then
    raise exception 'the password was set by a link that nobody released' using errcode = 'check_violation', constraint = 'grants_proven_password';
  end if;
  return new;
end $$;
create trigger grants_proven_password before insert on grants for each row execute function check_password_of_grant();
create trigger setup_links_check before update on setup_links for each row when (old.used_at is null and new.used_at is not null) execute function check_setup();
`;
