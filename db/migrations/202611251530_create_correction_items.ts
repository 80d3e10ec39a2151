/** Lists of corrections (补正清单): what a review asked for, the parts that each point opens, the answers, and the file as it stood when it went back. */
export const sql = `
create table corrections (
  task_id text primary key references tasks (id),
  procedure_id text not null references procedures (id),
  stage text not null,
  round int not null check (round >= 1),
  returned_by uuid not null references users (id),
  returned_at timestamptz not null,
  in_order text[] not null default '{}',
  snapshot jsonb not null,
  unique (procedure_id, stage, round)
);
comment on table corrections is 'One return for correction: the review that sent the file back, counted within its stage';
comment on column corrections.in_order is 'Points of the checklist that the officer found in order: they keep their mark in the next round';
comment on column corrections.snapshot is 'The parts as they stood at the return, numbers masked, for the comparison in the next round';

create table correction_items (
  id uuid primary key default gen_random_uuid(),
  task_id text not null references corrections (task_id),
  no int not null check (no >= 1),
  field text not null,
  part text not null check (part in ('plan', 'dates', 'venue', 'assessor', 'timetable', 'teachers', 'roster', 'enrolment', 'materials',
    'material_kind', 'material', 'results', 'certificate', 'accounts')),
  reference text,
  demand text not null check (length(demand) >= 2),
  late_reason text,
  earlier_item uuid references correction_items (id),
  status text not null default 'open' check (status in ('open', 'answered', 'accepted', 'again')),
  answer text,
  answered_by uuid references users (id),
  answered_at timestamptz,
  judged_by uuid references users (id),
  judged_at timestamptz,
  unique (task_id, no),
  check ((part in ('enrolment', 'material_kind', 'material', 'certificate')) = (reference is not null)),
  check (status = 'open' or answered_at is not null),
  check ((status in ('accepted', 'again')) = (judged_at is not null))
);
comment on table correction_items is 'The points of a list. Told at once (一次性告知): a point that opens a part not told before carries late_reason';
comment on column correction_items.field is 'Point of the checklist at which it was marked, or the part itself';
create index correction_items_earlier on correction_items (earlier_item);
revoke delete, truncate on corrections, correction_items from shiming_app;
revoke update on corrections from shiming_app;
`;
