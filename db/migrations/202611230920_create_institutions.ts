/** The registers of institutions, teachers and venues, and the catalogue of projects. */
export const sql = `
create table institutions (
  id uuid primary key default gen_random_uuid(),
  credit_code text not null unique check (credit_code ~ '^[0-9A-HJ-NPQRTUWXY]{18}$'),
  name text not null,
  kind text not null check (kind in ('training', 'assessment', 'enterprise')),
  region text not null references regions (code),
  licence_scope text[] not null default '{}',
  credit_grade text not null default 'B',
  contact text,
  status text not null default 'listed' check (status in ('listed', 'suspended', 'removed')),
  account_sealed text,
  created_at timestamptz not null default now()
);
comment on column institutions.credit_code is 'Unified social credit code, GB 32100';
create index institutions_region on institutions (region);
alter table users add constraint users_institution_fk foreign key (institution_id) references institutions (id);

create table teachers (
  id uuid primary key default gen_random_uuid(),
  institution_id uuid not null references institutions (id),
  name text not null,
  qualification text not null,
  occupations text[] not null,
  active boolean not null default true
);
create index teachers_institution on teachers (institution_id);

create table venues (
  id uuid primary key default gen_random_uuid(),
  institution_id uuid not null references institutions (id),
  name text not null,
  address text not null,
  capacity int not null check (capacity > 0),
  equipment text not null default ''
);
create index venues_institution on venues (institution_id);

create table catalogue_projects (
  id uuid primary key default gen_random_uuid(),
  code text not null unique,
  name text not null,
  occupation text not null,
  level int check (level between 1 and 5),
  kind text not null check (kind in ('certificate', 'single_ability')),
  fund text not null,
  department text not null,
  responsible text not null,
  region text not null references regions (code),
  hours_min int not null check (hours_min > 0),
  valid_from date not null,
  valid_to date
);
comment on column catalogue_projects.level is '5 = junior worker ... 1 = senior technician; null for a single ability';
create index catalogue_projects_region on catalogue_projects (region);
`;
