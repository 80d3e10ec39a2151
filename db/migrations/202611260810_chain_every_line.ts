/**
 * Every line of the audit log is a link of a chain: that of its procedure, or, outside of all procedures, one of 257 lanes. Everybody's lines are on a
 * lane by the first byte of the own id, so that two people seldom wait for each other's transaction; those of nobody (a wrong password for an unknown account) on lane 0. The
 * database chains them itself: no writer can forget it, and the heads are nobody's to change.
 */
export const sql = `
create table audit_lanes (
  lane smallint primary key,
  no int not null default 0,
  hash bytea not null default '\\x'
) with (fillfactor = 40);
comment on table audit_lanes is 'Last link of each chain of audit lines outside of procedures; written by the trigger of audit_log only';
insert into audit_lanes (lane) select generate_series(0, 256);
revoke insert, update, delete, truncate on audit_lanes from shiming_app;

alter table audit_log add column lane smallint references audit_lanes (lane);
comment on column audit_log.lane is 'Which chain a line outside of all procedures belongs to; no is its place there';

create function audit_lane(actor uuid) returns smallint language sql immutable as
  $$ select cast(coalesce(get_byte(uuid_send(actor), 0) + 1, 0) as smallint) $$;
create function audit_link(previous bytea, lane smallint, no int, at timestamptz, recorded_at timestamptz, actor uuid, act text, subject text, detail jsonb)
  returns bytea language sql stable as
  $$ select sha256(previous || convert_to(cast(jsonb_build_array(lane, no, extract(epoch from at), extract(epoch from recorded_at), actor, act, subject, detail) as text), 'UTF8')) $$;

create function chain_audit_line() returns trigger language plpgsql security definer set search_path = public, pg_temp as $$
declare
  head audit_lanes;
begin
  select * into strict head from audit_lanes where lane = audit_lane(new.actor) for no key update;
  new.lane := head.lane;
  new.no := head.no + 1;
  new.previous_hash := head.hash;
  new.hash := audit_link(head.hash, new.lane, new.no, new.at, new.recorded_at, new.actor, new.act, new.subject, new.detail);
  update audit_lanes set no = new.no, hash = new.hash where lane = head.lane;
  return new;
end $$;

do $$
declare
  line audit_log;
  head audit_lanes;
begin
  for line in select * from audit_log where procedure_id is null order by id loop
    select * into strict head from audit_lanes where lane = audit_lane(line.actor);
    head.no := head.no + 1;
    update audit_lanes
       set no = head.no, hash = audit_link(head.hash, head.lane, head.no, line.at, line.recorded_at, line.actor, line.act, line.subject, line.detail)
     where lane = head.lane;
    update audit_log set lane = head.lane, no = head.no, previous_hash = head.hash, hash = (select hash from audit_lanes where lane = head.lane)
     where id = line.id;
  end loop;
end $$;

create unique index audit_log_lane on audit_log (lane, no) where lane is not null;
alter table audit_log add constraint audit_log_chained
  check ((procedure_id is null) = (lane is not null) and no is not null and previous_hash is not null and hash is not null);
create trigger audit_log_chain before insert on audit_log for each row when (new.procedure_id is null) execute function chain_audit_line();
-- Number and moment of a line are the database's alone.
revoke insert on audit_log from shiming_app;
grant insert (at, actor, act, subject, procedure_id, no, detail, previous_hash, hash) on audit_log to shiming_app;
comment on table audit_log is 'Append only; every line is a link of a hash chain: of its procedure, or of a lane';
`;
