/**
 * Mails and short messages are read a page at a time down to the first one, by region, by state, by whom they went to and by the procedure that they are
 * about, which they name themselves.
 */
export const sql = `
alter table mails add column procedure_id text references procedures (id);
comment on column mails.procedure_id is 'What it is about; null: an account or a substitution';
update mails m set procedure_id = t.procedure_id from tasks t where t.id = m.params ->> 'task';
update mails m set procedure_id = p.id from procedures p where m.procedure_id is null and p.id = 'class-' || (m.params ->> 'number');
update mails m set procedure_id = p.id from procedures p where m.procedure_id is null and p.id = 'application-' || (m.params ->> 'number');

drop index mails_newest;
create index mails_newest on mails (region, created_at desc, id desc);
create index mails_state on mails (region, status, created_at desc, id desc);
drop index mails_user;
create index mails_user on mails (user_id, created_at desc, id desc);
create index mails_procedure on mails (procedure_id) where procedure_id is not null;
create index mails_merged on mails (merged_into) where merged_into is not null;
drop index mails_failed;
create index mails_failed on mails (region, created_at desc, id desc) where status = 'failed';

alter table sms add column procedure_id text references procedures (id);
comment on column sms.procedure_id is 'What it is about';
update sms s set procedure_id = p.id from procedures p where p.id = 'class-' || (s.params ->> 'number');
update sms s set procedure_id = p.id from procedures p where s.procedure_id is null and p.id = 'application-' || (s.params ->> 'number');

drop index sms_newest;
create index sms_newest on sms (region, created_at desc, id desc);
create index sms_state on sms (region, status, created_at desc, id desc);
drop index sms_institution;
create index sms_institution on sms (institution_id, created_at desc, id desc);
create index sms_procedure on sms (procedure_id) where procedure_id is not null;
drop index sms_failed;
create index sms_failed on sms (region, created_at desc, id desc) where status in ('failed', 'refused');
`;
