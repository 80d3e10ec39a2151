/**
 * Classes by a text: the beginning or the last part of the number, the number of one of their papers, part of the title, part of the institution's name. A rare text is found by its index, and what is found is put in
 * order; a common one is met soon on the way from the newest class backwards. Which it is shows once more than a few are found.
 */
import { withinPaths } from '../../regions.ts';
import type { Db } from '../../client.ts';
import { classNumberFound, classOfPaperFound } from '../number-search.ts';
import { containing } from '../../queries/text-search.ts';

const FEW = 2_000;
/** Shorter texts have no pair of characters. */
const PAIR = 2;

export type ClassSearch = { where: string; bindings: Record<string, string | readonly string[]> };

/** A condition on classes `c` of these regions, in which `narrower` stands as well. */
export async function searchClasses(db: Db, paths: readonly string[], text: string, narrower: ClassSearch): Promise<ClassSearch> {
  const titled = containing(['c.title'], text);
  const schools = containing(['name'], text);
  const numbered = classNumberFound('c.number', text);
  const paper = classOfPaperFound('c.id', text);
  const [regions, institutions] = await Promise.all([
    db.raw<{ rows: { code: string }[] }>(`select r.code from regions r where ${withinPaths('r.path')}`, { paths: [...paths] }),
    db.raw<{ rows: { id: string }[] }>(`select id from institutions where ${schools.sql}`, schools.bindings),
  ]);
  const within = `c.status <> 'draft' and c.region = any(cast(:regions as text[]))${narrower.where}`;
  const bindings = {
    ...narrower.bindings,
    regions: regions.rows.map(({ code }) => code),
    institutions: institutions.rows.map(({ id }) => id),
    ...numbered.bindings,
    ...titled.bindings,
    ...paper?.bindings,
    wanted: text,
  };
  const [number, title, institution] = [numbered.sql, titled.sql, 'c.institution_id = any(cast(:institutions as uuid[]))'] as const;
  const indexed = [...text].length < PAIR ? title : `title_pairs(c.title) @> title_pairs(:wanted) and ${title}`;
  // Each of them has an index of its own; together they would have none.
  const papers = paper ? [paper.sql] : [];
  const few = [number, indexed, institution, ...papers].map(
    (match) => `(select c.id from classes c where ${within} and ${match} limit ${FEW + 1})`,
  );
  const { rows } = await db.raw<{ rows: { id: string }[] }>(`select id from (${few.join(' union ')}) found limit ${FEW + 1}`, bindings);
  if (rows.length > FEW) return { where: `${within} and (${[number, title, institution, ...papers].join(' or ')})`, bindings };
  return { where: 'c.id = any(cast(:found as uuid[]))', bindings: { found: rows.map(({ id }) => id) } };
}
