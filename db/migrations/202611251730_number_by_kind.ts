/** Numbers say what they are of: a paper's names the place in words, so it is told apart within its region; a class is found by the last part of its number. */
export const sql = `
alter table papers drop constraint papers_kind_number_key;
alter table papers add constraint papers_number unique (kind, region, number);
create index classes_number_serial on classes ((ltrim(split_part(number, '-', 3), '0')));
`;
