/** The document of the addresses: complete, with examples that the product itself would read and answer. */
import { describe, expect, test } from 'vitest';
import { chineseSummaries } from '../../../api/api-docs/summaries.ts';
import type { JsonSchema } from '../../../api/api-docs/examples.ts';
import type { RegisteredRoute } from '../../../api/http/routing.ts';
import { counter, document } from '../../support/mounted.ts';

const operationOf = ({ method, path }: RegisteredRoute) => {
  const found = document.paths[path.replaceAll(/[:*](\w+)/g, '{$1}')]?.[method];
  if (!found) throw new Error(`${method} ${path} is not in the document`);
  return found;
};
const named = ({ method, path }: RegisteredRoute) => `${method.toUpperCase()} ${path}`;
const wrong = (check: (route: RegisteredRoute) => boolean) => counter.routes.filter((route) => !check(route)).map(named);

/** Policy packs, papers and drafts are kept word for word, a line of the log has the details of its act, a form what it offers. */
const keptAsWritten = [
  'AuditLine.detail',
  'PackDetail.content',
  'PackUpload',
  'PageView',
  'Paper.content',
  'POST /drafts/:form',
  'WaitingPackDetail.content',
];

describe('[F36] the document of the addresses', () => {
  test('names every address once, with a summary, a noun and an id of its own', () => {
    expect(new Set(counter.routes.map(named)).size).toBe(counter.routes.length);
    const ids = counter.routes.map((route) => operationOf(route).operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(wrong((route) => operationOf(route).summary.length > 8 && operationOf(route).tags.length > 0)).toEqual([]);
  });

  test('has Chinese words for every address, and none for addresses that are gone', () => {
    const ids = counter.routes.map((route) => operationOf(route).operationId);
    expect(ids.filter((id) => !chineseSummaries[id])).toEqual([]);
    expect(Object.keys(chineseSummaries).filter((id) => !ids.includes(id))).toEqual([]);
    for (const noun of new Set(counter.routes.flatMap(({ tags }) => tags)))
      expect(counter.deps.words.has(`api-docs.nouns.${noun}`), noun).toBe(true);
  });

  test('says what each may refuse, as problems', () => {
    const statuses = (route: RegisteredRoute) => Object.keys(operationOf(route).responses);
    expect(wrong((route) => statuses(route).includes('503'))).toEqual([]);
    expect(wrong((route) => route.access === 'public' || ['401', '403'].every((status) => statuses(route).includes(status)))).toEqual([]);
    expect(wrong((route) => route.method === 'get' || ['409', '422'].every((status) => statuses(route).includes(status)))).toEqual([]);
    // Whatever is named in the address, in its path or after it, may not be there.
    const named404 = (route: RegisteredRoute) =>
      operationOf(route).parameters?.some(
        ({ in: place, schema }) => place === 'path' || (place === 'query' && JSON.stringify(schema ?? {}).includes('uuid')),
      );
    expect(wrong((route) => !named404(route) || statuses(route).includes('404'))).toEqual([]);
    for (const route of counter.routes)
      for (const [status, { content }] of Object.entries(operationOf(route).responses))
        if (status >= '400' && status !== '431')
          expect(content?.['application/problem+json']?.example, named(route)).toMatchObject({ status: Number(status) });
  });

  test('gives an example of every body and answer, and its own schemas accept them', () => {
    const faults: string[] = [];
    for (const route of counter.routes) {
      const operation = operationOf(route);
      const body = Object.values(operation.requestBody?.content ?? {})[0]?.example;
      const answer = operation.responses[route.creates ? '201' : '200']?.content?.['application/json']?.example;
      for (const [schema, example] of [
        [route.body, body],
        [route.response, answer],
      ] as const) {
        const read = schema?.safeParse(example);
        if (read && !read.success) faults.push(`${named(route)}: ${read.error.issues.map((issue) => issue.path.join('.')).join(', ')}`);
      }
    }
    expect(faults).toEqual([]);
  });

  test('shows where a list goes on as a place, and whom a mail went to as an address', () => {
    const answerTo = (path: string): Record<string, unknown> =>
      document.paths[path]?.['get']?.responses['200']?.content?.['application/json']?.example as Record<string, unknown>;
    expect(answerTo('/budgets')['next']).toMatch(/^ey/);
    expect(answerTo('/prior-benefits')['uploadsNext']).toMatch(/^ey/);
    expect(answerTo('/admin/mails')['mails']).toMatchObject([{ to: 'cs-first-1@example.invalid' }]);
  });

  test('says what every body and answer holds: nothing is unknown but what is kept as somebody else wrote it', () => {
    const open: string[] = [];
    const look = (schema: JsonSchema, at: string): void => {
      if (schema.$ref) return;
      const inner = schema.additionalProperties;
      const kinds = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? []), ...(schema.prefixItems ?? [])];
      const said = schema.type ?? schema.const ?? schema.enum ?? (kinds.length > 0 ? kinds : undefined);
      const bare =
        kinds.length === 0 &&
        schema.type === 'object' &&
        Object.keys(schema.properties ?? {}).length === 0 &&
        (typeof inner !== 'object' || Object.keys(inner).length === 0);
      if (said === undefined || bare) open.push(at);
      for (const kind of kinds) look(kind, at);
      for (const [name, field] of Object.entries(schema.properties ?? {})) look(field, `${at}.${name}`);
      if (schema.items) look(schema.items, `${at}[]`);
      if (typeof inner === 'object' && Object.keys(inner).length > 0) look(inner, `${at}.*`);
    };
    for (const [name, schema] of Object.entries(document.components.schemas)) look(schema, name);
    for (const route of counter.routes) {
      const { requestBody, responses } = operationOf(route);
      for (const content of [requestBody?.content, ...Object.values(responses).map((answer) => answer.content)])
        for (const [type, { schema }] of Object.entries(content ?? {})) if (type === 'application/json') look(schema ?? {}, named(route));
    }
    expect(open.sort()).toEqual([...keptAsWritten].sort());
  });

  test('what can be overtaken takes If-Match, and what it guards is read with an ETag', () => {
    const guarded = counter.routes.filter((route) => route.guarded);
    expect(guarded.map(named)).toEqual(expect.arrayContaining(['POST /classes/:number/edit', 'POST /institutions/:creditCode/edit']));
    for (const route of guarded) {
      expect(
        operationOf(route).parameters?.map(({ name }) => name),
        named(route),
      ).toContain('If-Match');
      expect(Object.keys(operationOf(route).responses), named(route)).toContain('412');
    }
    expect(counter.routes.filter((route) => route.tagged).map(named)).toHaveLength(11);
  });
});
