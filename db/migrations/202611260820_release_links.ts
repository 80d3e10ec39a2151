/** A link to the account of an administrator works only once a security administrator has released it: whoever issues links does not become another administrator by one. */
export const sql = `
alter table setup_links
  add column released_by uuid references users (id),
  add column released_at timestamptz,
  add constraint setup_links_released check ((released_by is null) = (released_at is null)),
  add constraint setup_links_two_people check (released_by <> issued_by and released_by <> user_id);
create index setup_links_releaser on setup_links (released_by) where released_by is not null;

create function is_held_link(link setup_links) returns boolean language sql stable as
  $$ select link.issued_by is not null and link.released_at is null
       and exists (select from grants g where g.user_id = link.user_id and is_administrator_role(g.role)
                      and (g.valid_to is null or (g.valid_to > business_today() and g.valid_to > g.valid_from))) $$;
comment on function is_held_link(setup_links) is 'Of an account with the role of an administrator, now or to come, and not released; the first administrators'' links are issued by nobody';

create function check_setup() returns trigger language plpgsql as $$
begin
  if is_held_link(new) then
    raise exception 'the link of an administrator is released by another one first' using errcode = 'check_violation', constraint = 'setup_links_held';
  end if;
  return new;
end $$;
create trigger setup_links_check before update on setup_links for each row when (old.used_at is null and new.used_at is not null) execute function check_setup();
`;
