/**
 * Which edition of the accounts is in force, as one row that every request reads: what follows from it is kept as long as the row stays the same. Beside it the check of four eyes as two short functions, because it runs with every decision,
 * and business time as a view.
 */
export const sql = `
create table accounts_edition (
  one boolean primary key default true check (one),
  edition uuid not null default gen_random_uuid()
);
comment on table accounts_edition is 'Names the state of accounts, grants, substitutions and the names that a session shows; processes keep what an account may do under an edition';
insert into accounts_edition (one) values (true);
revoke insert, update, delete, truncate on accounts_edition from shiming_app;

create view business_clock as
  select case when fixed then clock_timestamp() else business_epoch + (clock_timestamp() - real_epoch) * speed end as now from clock;
comment on view business_clock is 'Business time, for a join: a call of business_now() costs more than the row';
revoke insert, update, delete on business_clock from shiming_app;
create or replace function business_now() returns timestamptz language sql volatile as $$ select now from business_clock $$;

create function renew_accounts_edition() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
begin
  update accounts_edition set edition = gen_random_uuid();
  return null;
end $$;
create trigger users_edition after insert or delete or update of login, name, locale, institution_id, active on users
  for each statement execute function renew_accounts_edition();
create trigger grants_edition after insert or update or delete on grants for each statement execute function renew_accounts_edition();
create trigger substitutions_edition after insert or update or delete on substitutions for each statement execute function renew_accounts_edition();
create trigger regions_names_edition after insert or update or delete on regions for each statement execute function renew_accounts_edition();
create trigger institutions_edition after update of name on institutions for each statement execute function renew_accounts_edition();

create or replace function require_signatures() returns trigger language plpgsql as $$
begin
  if exists (select from tasks t
              where t.id = new.task_id
                and (select count(*) from signatures s where s.scope = any(t.four_eyes) and s.user_id in (new.actor, t.decided_for) and s.step = t.step)
                    < cardinality(t.four_eyes) * case when t.decided_for is null then 1 else 2 end) then
    raise exception 'four eyes: not signed as another step or another person' using errcode = 'check_violation', constraint = 'four_eyes';
  end if;
  return null;
end $$;
comment on function require_signatures() is 'Whoever decides, and the principal for whom it is decided, has signed its step in every four-eyes scope; the key of signatures keeps them from a second step';

create function require_signature_of_opinion() returns trigger language plpgsql as $$
begin
  if exists (select from tasks t
              where t.id = new.task_id
                and (select count(*) from signatures s where s.scope = any(t.four_eyes) and s.user_id = new.delegate and s.step = t.step)
                    < cardinality(t.four_eyes)) then
    raise exception 'four eyes: not signed as another step or another person' using errcode = 'check_violation', constraint = 'four_eyes';
  end if;
  return null;
end $$;
comment on function require_signature_of_opinion() is 'Whoever gives an opinion has signed its step in every four-eyes scope';
drop trigger task_delegations_four_eyes on task_delegations;
create constraint trigger task_delegations_four_eyes after insert or update on task_delegations deferrable initially deferred
  for each row when (new.status = 'answered') execute function require_signature_of_opinion();
`;
