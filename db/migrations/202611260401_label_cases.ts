/** Officers put short labels of their office on a case (标签). Those of a procedure that has ended stay for the record. */
export const sql = `
create table case_labels (
  procedure_id text not null references procedures (id),
  office text not null references regions (code),
  label text not null check (char_length(label) between 1 and 12),
  set_by uuid not null references users (id),
  set_at timestamptz not null,
  primary key (procedure_id, office, label)
);
comment on table case_labels is 'Labels (标签) that an office puts on a case for itself: never shown to other offices, institutions or the public';
create index case_labels_office on case_labels (office, label, procedure_id);
revoke update, truncate on case_labels from shiming_app;
`;
