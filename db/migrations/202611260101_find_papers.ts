/** A class is found by the number of a paper that somebody holds in hand, whole or from its words on: the end of the number is what tells it apart. */
export const sql = `
create index papers_number_ends on papers (reverse(number) text_pattern_ops) include (kind, class_id);
`;
