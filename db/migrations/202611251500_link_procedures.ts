/** The procedure out of which another one was started, on the row itself: it is told of the other's end without looking for it. */
export const sql = `
alter table procedures add column parent_id text references procedures (id);
comment on column procedures.parent_id is 'The procedure that started this one: the class of an application, the application of a batch, whatever published a list or is objected to';
create index procedures_parent on procedures (parent_id);

update procedures p set parent_id = d.parent_procedure_id from disclosures d where d.procedure_id = p.id;
update procedures p set parent_id = d.parent_procedure_id
  from objections o join disclosures d on d.id = o.disclosure_id where o.procedure_id = p.id;
update procedures p set parent_id = c.id
  from subsidy_applications s join procedures c on c.type = 'trainingClass' and c.subject_id = cast(s.class_id as text) where s.procedure_id = p.id;
update procedures p set parent_id = a.id
  from procedures a where p.type = 'subsidyPayment' and a.id = p.flags ->> 'applications';
`;
