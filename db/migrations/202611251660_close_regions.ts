/** Closures of the offices of a region and of what lies below it; which edition of the calendar is in force is one row that every change renews. */
export const sql = `
create table calendar_closures (
  id uuid primary key default gen_random_uuid(),
  region text not null references regions (code),
  first_day date not null,
  last_day date not null,
  kind text not null check (kind in ('off', 'work')),
  reason text not null,
  document text not null,
  entered_by uuid references users (id),
  entered_at timestamptz not null,
  withdrawn_by uuid references users (id),
  withdrawn_at timestamptz,
  withdrawn_reason text,
  withdrawn_document text,
  check (first_day <= last_day),
  check ((withdrawn_at is null) = (withdrawn_reason is null))
);
comment on table calendar_closures is 'Days on which the offices of a region and of every region below it are closed, or work; the nearer region has the last word';
comment on column calendar_closures.document is 'Number or address of the document that orders it';
create index calendar_closures_region on calendar_closures (region, first_day);
revoke delete, truncate on calendar_closures from shiming_app;

-- Until now a closure held everywhere: it becomes one of each root of the tree.
insert into calendar_closures (region, first_day, last_day, kind, reason, document, entered_by, entered_at)
select r.code, d.day, d.day, d.kind, d.note, d.source, d.entered_by, d.entered_at
  from calendar_days d join regions r on r.parent is null
 where not exists (select from calendar_years y where y.source = d.source);
delete from calendar_days d where not exists (select from calendar_years y where y.source = d.source);
comment on table calendar_days is 'Days that the notices of years after the built-in ones name';

create table calendar_edition (
  one boolean primary key default true check (one),
  edition uuid not null default gen_random_uuid(),
  changed_at timestamptz not null default clock_timestamp(),
  counted_at timestamptz
);
comment on table calendar_edition is 'Names the state of notices, closures and the tree of regions; processes keep the calendars of an edition';
comment on column calendar_edition.counted_at is 'When the last count of deadlines began that left none which was counted by another calendar';
insert into calendar_edition (one) values (true);
create function renew_calendar_edition() returns trigger language plpgsql as $$
begin
  update calendar_edition set edition = gen_random_uuid(), changed_at = clock_timestamp();
  return null;
end $$;
create trigger calendar_days_edition after insert or update or delete on calendar_days for each statement execute function renew_calendar_edition();
create trigger calendar_years_edition after insert or update or delete on calendar_years for each statement execute function renew_calendar_edition();
create trigger calendar_closures_edition after insert or update or delete on calendar_closures for each statement execute function renew_calendar_edition();
create trigger regions_edition after insert or update or delete on regions for each statement execute function renew_calendar_edition();
`;
