/** Four eyes hold for the principal of a decision as for the one who made it; and the tasks that somebody has for a principal are found by the principal. */
export const sql = `
create or replace function require_signatures() returns trigger language plpgsql as $$
declare
  person uuid := case tg_table_name when 'facts' then to_jsonb(new) ->> 'actor' else to_jsonb(new) ->> 'delegate' end;
begin
  if exists (select from tasks t cross join unnest(t.four_eyes) wanted (scope)
               cross join lateral (select person as who union all select t.decided_for where tg_table_name = 'facts' and t.decided_for is not null) p
              where t.id = new.task_id
                and not exists (select from signatures s where s.scope = wanted.scope and s.user_id = p.who and s.step = t.step)) then
    raise exception 'four eyes: not signed as another step or another person' using errcode = 'check_violation', constraint = 'four_eyes';
  end if;
  return null;
end $$;
comment on function require_signatures() is 'Whoever decides, the principal for whom it is decided, and whoever gives an opinion has signed its step in every four-eyes scope; the key of signatures keeps them from a second step';
create index tasks_claimed_for on tasks (claimed_for) where status = 'open' and claimed_for is not null;
`;
