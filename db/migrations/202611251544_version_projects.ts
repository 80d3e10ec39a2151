/** The catalogue of projects is kept through the counter: what classes used is never edited, a changed project is a new version of its code. */
export const sql = `
alter table catalogue_projects
  add column version int not null default 1 check (version > 0),
  add column entered_by uuid references users (id),
  add column entered_at timestamptz,
  add column ended_by uuid references users (id),
  add column ended_at timestamptz,
  add column end_reason text,
  add constraint catalogue_projects_period check (valid_to >= valid_from),
  drop constraint catalogue_projects_code_key,
  add constraint catalogue_projects_version unique (code, version);
comment on column catalogue_projects.version is 'Of its code: at most one version is open, and it begins where the one before it ended or later';
create unique index catalogue_projects_open on catalogue_projects (code) where valid_to is null;
revoke update, delete, truncate on catalogue_projects from shiming_app;
grant update (valid_to, ended_by, ended_at, end_reason) on catalogue_projects to shiming_app;
`;
