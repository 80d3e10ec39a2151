/** Places in lists as somebody may write them into an address: every address that takes one answers, and none of them with a failure of its own. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Role } from '../../../workflows/domain/roles.ts';
import { counter, document } from '../../support/mounted.ts';
import { accountOf } from '../../support/browser/pages.ts';
import { draftClass, openProvince, type Province } from '../../support/province.ts';

let province: Province;
const named: Record<string, string> = {};
beforeAll(async () => {
  province = await openProvince();
  const number = await draftClass(province, { seed: 41, trainees: 4 });
  await (await province.as('kangning-1')).post(`/classes/${number}/submit`);
  await province.step(`class-${number}`, 'pre_training', {
    asks: [{ step: 'pre_training.first_review', kind: 'review', role: 'first_reviewer', level: 'county', outcomes: ['approve'] }],
  });
  const school = await province
    .db('users')
    .join('institutions as i', 'i.id', 'users.institution_id')
    .where({ login: 'kangning-1' })
    .first('i.credit_code');
  named['number'] = number;
  named['id'] = (await province.db('users').where({ login: 'kangning-1' }).first('id')).id;
  named['creditCode'] = school.credit_code;
  named['procedure'] = `class-${number}`;
  named['step'] = 'pre_training.first_review';
  named['round'] = '1';
});
afterAll(() => province?.close());

const uuid = '00000000-0000-4000-8000-000000000000';
const packed = (parts: unknown): string => Buffer.from(JSON.stringify(parts)).toString('base64url');
const figures =
  '0 1 -1 1.5 1e3 1e999 NaN Infinity -9223372036854775808 9223372036854775807 9223372036854775808 2147483648 9007199254740993 0x10 １２';
const marks = "' 1'or'1'='1 % _ \\ ../.. 😀 \u202e !!!! ==== W10 e30 bnVsbA //79AA PX350104-2026-99999 91350104MA00000000";
const instants = '2026-02-30 9999-12-31 2026-03-02T09:00:00Z 2026-03-02T09:00:00+99:99 -271821-04-20T00:00:00Z +275760-09-13T00:00:00.000Z';
const texts = ['a\u0000b', '\u0000', '9'.repeat(60), 'x'.repeat(390), 'x'.repeat(5_000), uuid, uuid.toUpperCase(), `${uuid}x`];
/** As PostgreSQL writes an instant, or nearly so. */
const days = [
  '2026-03-02 09:00:00+08',
  '2026-03-02 09:00:00.123456+08',
  '2026-02-30 09:00:00+08',
  '9999-99-99 99:99:99+99',
  '0000-01-01 00:00:00+00',
  '294277-01-01 00:00:00+00',
  'infinity',
];
const made = [
  ...days.flatMap((day) => [uuid, 'x', 'a\u0000b', 1e300].map((id) => [day, id])),
  [],
  [null, null],
  [null, uuid],
  [null, '\u0000'],
  [[], {}],
  { length: 2 },
  [1e308, -1],
  ['x'.repeat(200), uuid],
].map(packed);
const written = [...figures.split(' '), ...marks.split(' '), ...instants.split(' '), ...texts, ...made];

const issuesOf = (body: unknown): string =>
  [...new Set(((body as { issues?: { field: string }[] }).issues ?? []).map(({ field }) => field))].join();

/** Places are called so in every address: `after` goes on in a list, `before` back in what happened; of several lists each has its own, as `uploadsAfter`. */
const isPlace = (name: string): boolean => /^(after|before|cursor)$|After$/.test(name);
const taking = counter.routes.flatMap((route) => {
  const asked = document.paths[route.path.replaceAll(/[:*](\w+)/g, '{$1}')]?.[route.method]?.parameters ?? [];
  return asked.filter(({ in: place, name }) => place === 'query' && isPlace(name)).map(({ name }) => ({ ...route, place: name }));
});

test('[F36] the addresses that take a place in a list are the known ones', () => {
  const found = taking.map(({ path, place }) => `${path} ${place}`);
  for (const one of [
    '/packs after',
    '/packs waitingAfter',
    '/prior-benefits after',
    '/admin/grants requestsAfter',
    '/substitutions after',
    '/admin/calendar belowAfter',
    '/paying-accounts after',
    '/classes/:number/copies before',
    '/admin/accounts/:id requestsAfter',
    '/prior-benefits uploadsAfter',
    '/admin/mails after',
    '/admin/sms after',
    '/admin/audit after',
    '/admin/grants after',
    '/funds after',
    '/notices before',
    '/classes after',
    '/tasks after',
    '/disclosures before',
  ])
    expect(found).toContain(one);
  expect(taking.length).toBeGreaterThanOrEqual(15);
});

test.each(taking.map((one) => [`${one.path} ${one.place}`, one] as const))(
  '[F36] %s: whatever is written there is answered',
  async (_name, { path, place, access }) => {
    const address = path.replaceAll(/[:*](\w+)/g, (_whole, name: string) => named[name] ?? 'nothing');
    // Of a case the timeline alone is read by pages.
    const part = path.startsWith('/tasks/') ? 'part=timeline&' : '';
    const role: Role | undefined = typeof access === 'string' ? 'first_reviewer' : access[0];
    const who = await province.as(role === undefined ? 'cs-first-1' : accountOf[role]);
    const [plain, ...failed] = [
      await who.get(address),
      ...(await Promise.all(written.map((text) => who.get(`${address}?${part}${place}=${encodeURIComponent(text)}`)))),
    ];
    expect([address, plain?.status]).toEqual([address, 200]);
    const wrong = failed
      // What is refused is refused at its field, and not by the database.
      .map(({ status, body }, at) => `${status} ${issuesOf(body)} ${written[at]?.slice(0, 60)}`)
      .filter((line) => !line.startsWith('200 ') && !/^(404|414|431) /.test(line) && !line.startsWith(`422 ${place} `));
    expect(wrong).toEqual([]);
  },
);
