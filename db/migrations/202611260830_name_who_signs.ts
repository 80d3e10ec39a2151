/** What was signed names its person on record, and the same one in the fact and in its task: no writer can leave the actor out or name another one. */
export const sql = `
alter table facts add constraint facts_signed_by_somebody
  check (kind not in ('decided', 'signed', 'taken_back', 'signer_added', 'signer_recalled') or actor is not null);
alter table tasks add constraint tasks_decided_by_somebody check (status <> 'decided' or (decided_by is not null and decided_at is not null));

create or replace function require_signatures() returns trigger language plpgsql as $$
declare
  unsigned boolean;
  strange boolean;
begin
  select (select count(*) from signatures s where s.scope = any(t.four_eyes) and s.user_id in (new.actor, t.decided_for) and s.step = t.step)
           < cardinality(t.four_eyes) * (case when t.decided_for is null then 1 else 2 end),
         t.status = 'decided' and t.decided_by is distinct from new.actor
    into unsigned, strange
    from tasks t where t.id = new.task_id;
  if unsigned then
    raise exception 'four eyes: not signed as another step or another person' using errcode = 'check_violation', constraint = 'four_eyes';
  end if;
  if strange then
    raise exception 'the fact and its task name two people' using errcode = 'check_violation', constraint = 'facts_own_decision';
  end if;
  return null;
end $$;
`;
