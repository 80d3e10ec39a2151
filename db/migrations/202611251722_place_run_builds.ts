/** On which build open runs are is counted from the index alone: type and region of a procedure never change. */
export const sql = `
alter table run_builds add column type text, add column region_path text;
update run_builds b set type = p.type, region_path = p.region_path from procedures p where p.id = b.procedure_id;
alter table run_builds alter column type set not null, alter column region_path set not null;
comment on column run_builds.type is 'With region_path: as the procedure has them, so that builds are counted without it';
create index run_builds_place on run_builds (build_id, type, region_path, procedure_id);
`;
