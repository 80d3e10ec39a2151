/** What a deadline needs to be computed again when the calendar changes: months of a window, and the calendar that a public period was counted by. */
export const sql = `
alter table tasks add column months int;
comment on column tasks.months is 'Length of a window in months, where it is not counted in working days';
update tasks t set months = cast(p.terms ->> 'claimWindowMonths' as int) from procedures p where p.id = t.procedure_id and t.kind = 'claim' and t.status = 'open';

alter table disclosures add column calendar_version text not null default '';
comment on column disclosures.calendar_version is 'Calendar by which the period was counted; a period counted by another one than that in force is counted again';
`;
