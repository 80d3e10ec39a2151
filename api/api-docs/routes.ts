/** The reference of the addresses inside the product, drawn from the same document that programs read. */
import { z } from 'zod';
import { NotFoundError } from '../../workflows/domain/errors.ts';
import { documentOf } from './openapi.ts';
import { page } from '../http/replies.ts';
import { type Counter, route } from '../http/routing.ts';
import { nounDetail, nounsOf } from './page.ts';

const tags = ['api-docs'];
const Line = z.object({ id: z.string(), method: z.string(), path: z.string(), summary: z.string(), who: z.string() });
const Noun = z.object({ noun: z.string(), label: z.string(), operations: z.array(Line) });

export function apiDocRoutes(counter: Counter): void {
  route(counter, {
    method: 'get',
    path: '/api-docs',
    summary: 'The reference: every address by its noun',
    tags,
    access: 'public',
    response: z.object({ nouns: z.array(Noun) }),
    handle: ({ t, locale }) => {
      const nouns = nounsOf(documentOf(counter), { t, locale });
      return page('api-docs/index', { title: t('api-docs.heading'), nouns }, { json: { nouns } });
    },
  });

  route(counter, {
    method: 'get',
    path: '/api-docs/:noun',
    summary: 'Every address of a noun, with fields, statuses and examples',
    tags,
    access: 'public',
    params: z.object({ noun: z.string().regex(/^[a-z-]{1,40}$/) }),
    response: z.object({ noun: z.string(), operations: z.array(Line.loose()) }),
    handle: ({ params, t, locale }) => {
      const document = documentOf(counter);
      const operations = nounDetail(document, params.noun, { t, locale });
      if (operations.length === 0) throw new NotFoundError('page');
      const nouns = nounsOf(document, { t, locale }).map(({ noun, label, operations: { length } }) => ({
        href: `/api-docs/${noun}`,
        label,
        count: length,
        active: noun === params.noun,
      }));
      const label = t(`api-docs.nouns.${params.noun}`);
      return page('api-docs/show', { noun: params.noun, title: label, operations, nouns }, { json: { noun: params.noun, operations } });
    },
  });
}
