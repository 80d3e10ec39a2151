/** Search words stand in the address, in histories and in proxies' logs: of every address of the document none takes the number of a person. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeId, makeUscc } from '../../../workflows/domain/people/identity.ts';
import type { RegisteredRoute } from '../../../api/http/routing.ts';
import { counter, document } from '../../support/mounted.ts';
import { openProvince, type Province } from '../../support/province.ts';

let province: Province;
beforeAll(async () => {
  province = await openProvince();
}, 120_000);
afterAll(() => province?.close());

type Schema = { type?: string; anyOf?: Schema[]; pattern?: string; format?: string; enum?: unknown; const?: unknown };
/** Where a page begins, as the answer before gave it out, where somebody goes on or back, days of a year: no words. */
const given = new Set(['after', 'before', 'next', 'back', 'days']);
const isGiven = (name: string): boolean => given.has(name) || name.endsWith('After');
const isFree = (schema: Schema): boolean =>
  schema.anyOf?.some(isFree) ??
  (schema.type === 'string' && [schema.pattern, schema.format, schema.enum, schema.const].every((limit) => limit === undefined));
const wordsOf = ({ method, path }: RegisteredRoute): string[] =>
  method === 'get'
    ? (document.paths[path.replaceAll(/[:*](\w+)/g, '{$1}')]?.get?.parameters ?? [])
        .filter(({ in: place, name, schema }) => place === 'query' && !isGiven(name) && isFree((schema ?? {}) as Schema))
        .map(({ name }) => name)
    : [];
const searched = counter.routes.flatMap((route) => wordsOf(route).map((name) => ({ path: route.path, name })));
const people = ['cs-first-1', 'kangning-1', 'system-1', 'security-1', 'auditadmin-1', 'cs-finance-1', 'cs-approve-1', 'cs-supervise-1'];
const id = makeId({ region: '350104', birth: '1990-01-01', serial: 123 });

test('there are the lists that are searched', () => {
  const paths = new Set(searched.map(({ path }) => path));
  for (const path of [
    '/tasks',
    '/funds',
    '/funds/export.csv',
    '/admin/accounts',
    '/admin/grants',
    '/institutions',
    '/classes',
    '/admin/audit',
    '/admin/mails',
  ])
    expect([...paths]).toContain(path);
});

test.each(searched)('[N2] $path takes no number of a person as $name', async ({ path, name }) => {
  const parts: Record<string, string> = {
    creditCode: makeUscc({ region: '350104', serial: 1 }),
    number: 'PX350104-2026-00001',
    round: '1',
  };
  const address = path.replaceAll(/[:*](\w+)/g, (_, part: string) => parts[part] ?? crypto.randomUUID());
  const answers: unknown[] = [];
  for (const login of people) {
    const { status, body } = await (await province.as(login)).get<{ issues?: { field: string; code: string }[] }>(
      `${address}?${name}=${encodeURIComponent(id)}`,
    );
    if (status !== 403)
      answers.push([status, (body.issues ?? []).filter(({ code }) => code !== 'tooLong').map(({ field, code }) => [field, code])]);
  }
  expect(answers.length).toBeGreaterThan(0);
  for (const answer of answers) expect(answer).toEqual([422, [[name, 'personal.id']]]);
});

test('institutions are found by the code that they are known by, whatever it looks like', async () => {
  const officer = await province.as('cs-first-1');
  for (let serial = 1; serial < 40; serial += 1)
    expect((await officer.get(`/institutions?q=${makeUscc({ kind: '52', region: '350104', serial })}`)).status).toBe(200);
});
