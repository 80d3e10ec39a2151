/**
 * An institution reads its own procedures in the order in which they last moved, and those of a kind in the order in which they began, page by page. What the
 * new indexes cost an act is paid for by indexes that no statement needed whole: the subject of a procedure is looked up for orders alone, and
 * open tasks are read by office, holder or procedure, never by their due day over all offices.
 */
export const sql = `
alter table procedures add column audited_at timestamptz;
comment on column procedures.audited_at is 'Business time of its last audit line';
update procedures p set audited_at = a.at from audit_log a where a.procedure_id = p.id and a.no = p.audit_no;

drop index procedures_institution;
create index procedures_moved on procedures (institution_id, audited_at) where institution_id is not null;
drop index procedures_published;
create index procedures_institution on procedures (institution_id, type, opened_at) where type in ('publicDisclosure', 'subsidyApplication', 'subsidyPayment');
drop index procedures_subject;
create index procedures_order_of on procedures (subject_id) where type = 'supervisionOrder';
drop index tasks_due;

-- Of many classes the newest papers are found from the index alone.
drop index papers_class;
create index papers_class on papers (class_id, issued_at, id) include (kind);
`;
