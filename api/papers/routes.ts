/** Official papers (文书, N31): printed on A4 with number, date and signatory, as they were issued. */
import { z } from 'zod';
import { getClassById } from '../../db/classes/classes.ts';
import { getPaper } from '../../db/papers.ts';
import { findProcedure } from '../../db/protocol/procedures.ts';
import { getRegion } from '../../db/regions.ts';
import { NotFoundError } from '../../workflows/domain/errors.ts';
import { maySee } from '../../workflows/domain/scope.ts';
import { page } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { paperView } from './page.ts';

const Paper = z
  .object({
    id: z.string(),
    kind: z.string(),
    number: z.string(),
    issuedAt: z.iso.datetime(),
    signatory: z.string().nullable(),
    office: z.string(),
    content: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Paper' });

export function paperRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/papers/:id',
    summary: 'A paper as issued: number, date, office, signatory, content',
    tags: ['papers'],
    access: 'signed-in',
    params: z.object({ id: z.uuid() }),
    response: Paper,
    handle: async ({ db, actor, params, t, locale, deps }) => {
      const paper = await getPaper(db, params.id);
      const [region, row, procedure] = await Promise.all([
        getRegion(db, paper.region),
        paper.class_id ? getClassById(db, paper.class_id) : undefined,
        paper.procedure_id ? findProcedure(db, paper.procedure_id) : undefined,
      ]);
      // An order to an office is between offices; what concerns a class its institution sees too.
      const institutionIds = paper.kind === 'supervision_order' ? [] : [row?.institution_id, procedure?.institution_id];
      // It goes from the superior authority to the office of the late task: both read it.
      const regionPath = paper.kind === 'supervision_order' ? (procedure?.region_path ?? region.path) : region.path;
      if (!maySee(actor, { regionPath, institutionIds })) throw new NotFoundError('paper.unknown');
      const view = paperView(paper, { t, words: deps.words, locale });
      return page(
        'papers/show',
        { ...view, backHref: row ? `/classes/${row.number}/papers` : undefined },
        {
          layout: 'paper',
          json: {
            id: paper.id,
            kind: paper.kind,
            number: paper.number,
            issuedAt: paper.issued_at.toISOString(),
            signatory: paper.signatory_name,
            office: view.office,
            content: paper.content,
          },
        },
      );
    },
  });
}
