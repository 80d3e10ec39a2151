/** Mails and short messages belong to a region, so that an administrator's list of the newest ones reads those of its regions alone; builds of open runs are counted by the reconciler. */
export const sql = `
alter table mails add column region text references regions (code);
comment on column mails.region is 'That of its reader when it was written; null: an account without a place, which no list shows';
update mails m set region = u.region from users u where u.id = m.user_id;
drop index mails_newest;
create index mails_newest on mails (region, created_at desc, id);
drop index mails_failed;
create index mails_failed on mails (region, created_at desc, id) where status = 'failed';

alter table sms add column region text references regions (code);
comment on column sms.region is 'That of the institution when it was written';
update sms s set region = i.region from institutions i where i.id = s.institution_id;
alter table sms alter column region set not null;
create index sms_newest on sms (region, created_at desc, id);
create index sms_failed on sms (region, created_at desc, id) where status in ('failed', 'refused');

create table counted_builds (
  build_id text not null,
  region_path text not null,
  procedures int not null,
  classes int not null,
  primary key (build_id, region_path)
);
comment on table counted_builds is 'How many open procedures, and classes among them, of a region took their last step on a build: run_builds as counted in the last turn of the reconciler';
insert into counted_builds select build_id, region_path, count(*), count(*) filter (where type = 'trainingClass') from run_builds group by 1, 2;
`;
