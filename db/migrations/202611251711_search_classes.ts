/** Classes are found by any part of their title, in Chinese as in Latin letters: pairs of neighbouring characters, since most Chinese words have two. */
export const sql = `
create function title_pairs(title text) returns text[] language sql immutable strict parallel safe cost 5000
  return (select coalesce(array_agg(distinct lower(substr(title, at, 2))), '{}') from generate_series(1, char_length(title) - 1) at);
comment on function title_pairs(text) is 'Every two neighbouring characters: what contains a text of two or more contains all of its pairs. Trigrams would not find a word of two characters';
create index classes_title on classes using gin (title_pairs(title));
create index classes_number_begins on classes (number text_pattern_ops);
create index classes_newest on classes (created_at, id);
`;
