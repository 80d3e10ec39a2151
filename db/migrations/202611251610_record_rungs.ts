/** The ladder of a task: rungs are the policy pack's, and each that rings is on record. */
export const sql = `
create table task_rungs (
  task_id text not null references tasks (id),
  no int not null check (no > 0),
  procedure_id text not null references procedures (id),
  fact_no int not null,
  act text not null check (act in ('remind', 'urge', 'report', 'order')),
  role text not null check (role in ('worker', 'supervisor', 'approver')),
  level text not null check (level in ('own', 'superior')),
  planned_at timestamptz not null,
  rang_at timestamptz not null,
  told int check (told >= 0),
  primary key (task_id, no),
  unique (procedure_id, fact_no),
  foreign key (procedure_id, fact_no) references facts (procedure_id, no)
);
comment on table task_rungs is 'Rungs of the ladder that rang, each once per task; told: how many people got a notice, null until the step that answers the rung';
revoke update, delete, truncate on task_rungs from shiming_app;
grant update (told) on task_rungs to shiming_app;

-- Procedures that were opened before keep the ladder that they began with, now as a list; so do the instants of their open tasks.
update procedures p set terms = jsonb_set(p.terms, '{ladder}', jsonb_build_array(
    jsonb_build_object('when', -cast(p.terms #>> '{days,reminderBefore}' as int), 'act', 'remind', 'role', 'worker', 'level', 'own'),
    jsonb_build_object('when', 1, 'act', 'report', 'role', 'supervisor', 'level', 'own'),
    jsonb_build_object('when', cast(p.terms #>> '{days,leaderAfter}' as int), 'act', 'report', 'role', 'approver', 'level', 'own'),
    jsonb_build_object('when', cast(p.terms #>> '{days,superiorAfter}' as int), 'act', 'order', 'role', 'supervisor', 'level', 'superior')))
 where p.terms #> '{days,reminderBefore}' is not null;
`;
