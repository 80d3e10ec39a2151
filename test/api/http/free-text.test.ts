/** Of every body, every field of words: the number of a person is refused at it (N2). Read from the declarations, so that a new field is among them. */
import { describe, expect, test } from 'vitest';
import type { RegisteredRoute } from '../../../api/http/routing.ts';
import { makeCard, makeId } from '../../../workflows/domain/people/identity.ts';
import { counter, document } from '../../support/mounted.ts';

const id = makeId({ region: '350104', birth: '1990-01-01', serial: 123 });
const card = makeCard({ serial: 77 });

/** Where no words are kept: what is looked up, secrets, addresses to go back to, filters, and what a rule behind the form reads cell by cell. */
const nothingKept: readonly string[] = [
  ...['currentPassword', 'newPassword', 'repeatPassword'].map((field) => `POST /account/password ${field}`),
  ...['newPassword', 'repeatPassword'].map((field) => `POST /set-up/:token ${field}`),
  ...['login', 'next', 'password'].map((field) => `POST /sign-in ${field}`),
  ...['back', 'lang'].map((field) => `POST /preferences ${field}`),
  ...['claim', 'decide', 'labels', 'labels/remove', 'release'].map((act) => `POST /tasks/:procedure/:step/:round/${act} list`),
  ...['escalate', 'reassign', 'urge'].map((act) => `POST /tasks/:procedure/:step/:round/${act} back`),
  'POST /admin/audit/chain/cases after',
  'POST /admin/grants login',
  'POST /clock/jump back',
  'POST /demo/switch login',
  'POST /payments/:number/answer text',
  'POST /simulators classNumber',
  'POST /tasks/:procedure/:step/:round/answers remark',
  'POST /tasks/:procedure/:step/:round/decide outcome',
  'POST /tasks/by-person idNumber',
  'POST /classes/:number/results results.certificateNumber',
  ...['account', 'bank', 'group', 'idNumber', 'name', 'phone', 'remark'].map((field) => `POST /classes/:number/roster trainees.${field}`),
  ...['', '/:id'].flatMap((one) =>
    ['account', 'bank', 'group', 'idNumber', 'name', 'phone'].map((field) => `POST /classes/:number/roster/people${one} ${field}`),
  ),
];

const named = ({ method, path }: RegisteredRoute) => `${method.toUpperCase()} ${path}`;
const exampleOf = ({ method, path }: RegisteredRoute): unknown =>
  Object.values(document.paths[path.replaceAll(/[:*](\w+)/g, '{$1}')]?.[method]?.requestBody?.content ?? {})[0]?.example;

type Path = (string | number)[];
function textsOf(value: unknown, at: Path = []): Path[] {
  if (typeof value === 'string') return [at];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => textsOf(inner, [...at, Array.isArray(value) ? Number(name) : name]));
}

function planted(value: unknown, [first, ...rest]: Path, text: string): unknown {
  if (first === undefined) return text;
  if (Array.isArray(value)) return value.map((inner, place) => (place === first ? planted(inner, rest, text) : inner));
  return { ...(value as object), [first]: planted((value as Record<string, unknown>)[first], rest, text) };
}

const fields = counter.routes.flatMap((route) =>
  route.body
    ? textsOf(exampleOf(route)).map((at) => ({
        route,
        at,
        name: `${named(route)} ${at.filter((part) => typeof part === 'string').join('.')}`,
      }))
    : [],
);
const codesAt = (route: RegisteredRoute, at: Path, text: string): string[] => {
  const read = route.body?.safeParse(planted(exampleOf(route), at, text));
  return (read?.error?.issues ?? []).map((issue) =>
    issue.code === 'custom' ? String(issue.params?.['code'] ?? issue.message) : issue.code,
  );
};

describe('[N2] words that stay on record or go out', () => {
  test('take no identity number and no card number, in whichever field of whichever body', () => {
    const open = fields.filter(({ route, at }) => [id, card].some((number) => codesAt(route, at, `王晓 ${number} 有误`).length === 0));
    expect([...new Set(open.map(({ name }) => name))].sort()).toEqual([...nothingKept].sort());
  });

  const words: [string, string][] = [
    ['POST /institutions', 'name'],
    ['POST /institutions', 'contact'],
    ['POST /institutions', 'licenceScope'],
    ['POST /institutions/:creditCode/edit', 'contact'],
    ['POST /institutions/:creditCode/suspend', 'reason'],
    ['POST /institutions/:creditCode/teachers', 'qualification'],
    ['POST /institutions/:creditCode/venues', 'name'],
    ['POST /institutions/:creditCode/venues', 'address'],
    ['POST /institutions/:creditCode/venues', 'equipment'],
    ['POST /paying-accounts', 'name'],
    ['POST /paying-accounts', 'reason'],
    ['POST /budgets', 'document'],
    ['POST /budgets', 'reason'],
    ['POST /projects', 'name'],
    ['POST /projects', 'department'],
    ['POST /projects', 'responsible'],
    ['POST /admin/accounts', 'name'],
    ['POST /admin/grants', 'reason'],
    ['POST /admin/security', 'reason'],
    ['POST /admin/operations/repairs', 'reason'],
    ['POST /admin/calendar/closures', 'document'],
    ['POST /admin/calendar/closures', 'reason'],
  ];
  test.each(words)('%s: %s says which kind of number it will not take', (address, field) => {
    const found = fields.find(({ name }) => name === `${address} ${field}`);
    if (!found) throw new Error(`${address} has no field ${field}`);
    expect(codesAt(found.route, found.at, `王晓 ${id}`)).toContain('personal.id');
    expect(codesAt(found.route, found.at, `王晓 ${card}`)).toContain('personal.card');
  });
});
